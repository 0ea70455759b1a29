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

/** Each of the items by whichever worker is free. */
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

/** Whether the scenarios pass as things are: else nothing that fails later would say anything. */
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
 * Tries every mutation, as many at once as there are workshops, and says what came of each.
 *
 * @param proven the scenarios passed just now as things are
 * @returns how many were killed, and how many were not; where the scenarios fail without any, none were killed
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
