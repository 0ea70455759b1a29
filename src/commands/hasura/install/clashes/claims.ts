/** A GraphQL name that an object of the metadata uses. */
export type Claim = {
  name: string;
  kind: 'root field' | 'type';
  /** The object, in words: `table public.notes of source default`. */
  by: string;
  /** The definition of a type. Equal definitions may share a name. Null if it is not known. */
  shape: string | null;
};

/** How Hasura changes the names of a source or a remote schema (its `customization`). */
export type Renaming = {
  rootField: (name: string) => string;
  type: (name: string) => string;
  /** The one root field around all others; null without a namespace. */
  namespace: string | null;
};
