import { type Mutation, tryMutation, type Verdict, type Workshop } from './mutation.ts';

type Say = (line: string) => void;

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';

function describe(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'killed':
      return `killed by ${verdict.by}`;
    case 'survived':
      return `SURVIVED ${verdict.tests} tests`;
    case 'stale':
      return `STALE: what it replaces is there ${verdict.occurrences} times`;
    case 'worthless':
      return `WORTHLESS: ${firstLine(verdict.because)}`;
  }
}

/** Gives each item to the next free worker. */
async function share<Item, Worker>(
  items: readonly Item[],
  workers: readonly Worker[],
  work: (item: Item, worker: Worker) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const takeTurns = async (worker: Worker) => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item, worker);
  };
  await Promise.all(workers.map(takeTurns));
}

/** Whether the scenarios pass without a mutation. If they do not, a later failure proves nothing. */
async function passUnmutated(
  mutations: readonly Mutation[],
  workshops: readonly Workshop[],
  say: Say,
): Promise<boolean> {
  const scenarios = [...new Set(mutations.flatMap((mutation) => mutation.scenarios))];
  let passed = true;
  await share(scenarios, workshops, async (scenario, workshop) => {
    const played = await workshop.play([scenario]);
    if (played.kind === 'passed') return;
    passed = false;
    say(`${scenario} does not pass without any mutation: ${firstLine(played.because)}`);
  });
  return passed;
}

/**
 * Tries every mutation, one at a time in each workshop, and reports the verdict of each.
 *
 * @param proven the scenarios have just passed without a mutation
 * @returns the numbers of killed and of other mutations; all count as failed if the scenarios fail without a mutation
 */
export async function checkMutations(
  mutations: readonly Mutation[],
  workshops: readonly Workshop[],
  say: Say,
  proven = false,
): Promise<{ passed: number; failed: number }> {
  if (!proven && !(await passUnmutated(mutations, workshops, say)))
    return { passed: 0, failed: mutations.length };
  const counts = { passed: 0, failed: 0 };
  await share(mutations, workshops, async (mutation, workshop) => {
    const verdict = await tryMutation(workshop, mutation);
    counts[verdict.kind === 'killed' ? 'passed' : 'failed'] += 1;
    say(`${mutation.file}: ${mutation.breaks}\n    ${describe(verdict)}`);
  });
  return counts;
}
