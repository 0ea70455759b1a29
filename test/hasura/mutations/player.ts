import { relative, resolve } from 'node:path';
import { createVitest, type TestModule } from 'vitest/node';
import { type Played, type Ran, readPlayed } from './mutation.ts';

// Runs scenarios in its working folder, each time that its parent process orders some. A single Vitest serves all orders: it
// keeps one Postgres server and reads only changed files again.

export type Order = { scenarios: readonly string[]; changed: readonly string[] };

const vitest = await createVitest('test', {
  ...{ config: 'test/vitest.config.ts', watch: false, cache: false, bail: 1, maxWorkers: 1, reporters: [{}] },
  // Vitest must also read the importers of a changed file again.
  isolate: true,
});

function readModule(module: TestModule): Ran {
  const tests = [...module.children.allTests()].map((test) => {
    const result = test.result();
    return { name: test.fullName, state: result.state, because: result.errors?.[0]?.message ?? '' };
  });
  const file = relative('test/hasura/scenarios', module.moduleId).replace(/\.test\.ts$/, '');
  return { file, errors: module.errors().map(({ message }) => message), tests };
}

async function play({ scenarios, changed }: Order): Promise<Played> {
  for (const file of changed) vitest.invalidateFile(resolve(file));
  const files = scenarios.map((name) => resolve('test/hasura/scenarios', `${name}.test.ts`));
  const found = await vitest.globTestSpecifications(files);
  const specifications = found.filter(({ moduleId }) => files.includes(moduleId));
  if (specifications.length < files.length) return { kind: 'broken', because: 'a scenario file is missing' };
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  // Vitest also reports earlier runs.
  const ran = testModules.filter(({ moduleId }) => files.includes(moduleId));
  const played = readPlayed(ran.map(readModule));
  if (unhandledErrors.length === 0 || played.kind === 'failed') return played;
  return { kind: 'broken', because: String(unhandledErrors[0]) };
}

process.on('message', (order: Order) => {
  play(order).then(
    (played) => process.send?.(played),
    (error: unknown) => process.send?.({ kind: 'broken', because: String(error) } satisfies Played),
  );
});
// Ctrl-C reaches every process at once: the parent ends first, and then this process stops Postgres in order.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
process.once('disconnect', () => void vitest.close().finally(() => process.exit()));
process.send?.('ready');
