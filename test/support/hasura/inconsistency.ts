import { Refusal } from './failure.ts';

/** An object of the metadata that is missing from the API, as `get_inconsistent_metadata` lists it (hasura/README.md, "Answers of the engine"). */
export type Inconsistency = {
  type: string;
  name: string;
  definition: unknown;
  reason: string;
  /** Of a request that failed, all that the engine knows: its headers too. */
  message?: object;
};

/** Writes down what is inconsistent: its type, what it is called beside that, what the metadata says of it, and why. */
export type Note = (type: string, what: string, definition: unknown, error: Error) => void;

export const noteIn =
  (inconsistent: Inconsistency[]): Note =>
  (type, what, definition, error) =>
    void inconsistent.push({
      ...{ type, name: `${type} ${what}`, definition },
      reason: `Inconsistent object: ${error instanceof Refusal ? error.reason.error : error.message}`,
      ...(error instanceof Refusal && error.internal !== null && { message: error.internal }),
    });

/** Those that pass; what is wrong with the others is told. */
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
