import { Refusal } from './failure.ts';

/** An inconsistent object as `get_inconsistent_metadata` lists it (hasura/README.md, "Answers of the engine"). */
export type Inconsistency = {
  type: string;
  /** A permission that cannot be inherited has no name. */
  name?: string;
  definition: unknown;
  reason: string;
  /** The engine's details of a failed request, with its headers. */
  message?: object;
};

/** Records an inconsistent object: its type, its name, its definition and the error. */
export type Note = (type: string, what: string, definition: unknown, error: Error) => void;

export const noteIn =
  (inconsistent: Inconsistency[]): Note =>
  (type, what, definition, error) =>
    void inconsistent.push({
      ...{ type, name: `${type} ${what}`, definition },
      reason: `Inconsistent object: ${error instanceof Refusal ? error.reason.error : error.message}`,
      ...(error instanceof Refusal && error.internal !== null && { message: error.internal }),
    });

/** The items that pass the check; reports the others to `refuse`. */
export function keepSound<Item>(
  items: readonly Item[],
  check: (item: Item) => void,
  refuse: (item: Item, error: Error) => void,
): Item[] {
  return items.filter((item) => {
    try {
      check(item);
      return true;
    } catch (error) {
      refuse(item, error as Error);
      return false;
    }
  });
}
