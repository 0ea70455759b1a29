import { setImmediate } from 'node:timers';
import type { Context } from './context.ts';

type Batch = { keys: Set<string>; loaded: Promise<ReadonlyMap<string, unknown>> };

const waiting = new WeakMap<Context, Map<string, Batch>>();

/**
 * Loads something by key, together with whatever else of its kind the fields of one request ask for in the same turn: a
 * list of teams takes one query for the members of them all. Nothing is kept, so what follows a mutation sees it.
 *
 * @param kind what is loaded, with all that it depends on beside the key
 * @param load yields what it found; called by one of those who asked
 */
export async function loadTogether<Value>(
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
