import { setImmediate } from 'node:timers';
import type { Context } from './context.ts';

type Batch = { keys: Set<string>; loaded: Promise<ReadonlyMap<string, unknown>> };

const waiting = new WeakMap<Context, Map<string, Batch>>();

/**
 * Loads a value by its key, in one batch with the other values of its kind that the fields of a request need in the same turn. So
 * the members of a list of teams take one query. Nothing is cached: a field after a mutation sees its effect.
 *
 * @param kind what is loaded, with everything except the key that it depends on
 * @param load returns the values that it found, by key; called once for a batch
 */
export async function loadInBatch<Value>(
  context: Context,
  { kind, key }: { kind: string; key: string },
  load: (keys: string[]) => Promise<ReadonlyMap<string, Value>>,
): Promise<Value | undefined> {
  const batches = waiting.get(context) ?? new Map<string, Batch>();
  waiting.set(context, batches);
  let batch = batches.get(kind);
  if (batch === undefined) {
    const keys = new Set<string>();
    const turn = new Promise((resolve) => setImmediate(resolve));
    const loaded = turn.then(() => {
      batches.delete(kind);
      return load([...keys]);
    });
    batch = { keys, loaded };
    batches.set(kind, batch);
  }
  batch.keys.add(key);
  return (await batch.loaded).get(key) as Value | undefined;
}
