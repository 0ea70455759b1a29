import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { checkMutations } from './check.ts';
import { mutations } from './list/index.ts';
import { openWorkshop } from './workshop.ts';

/**
 * `npm run test:mutations`: breaks the rules of the gateway and the metadata one after the other, and checks that a scenario
 * fails. `npm run test:mutations -- caller.ts jwks` tries only mutations whose file or description has one of the words.
 * `--proven` says that `npm test` has just passed: the scenarios do not run without a mutation first. `--fourth=0` to `--fourth=3` try
 * every fourth mutation.
 */
const WORKSHOPS = 2;
const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const say = (line: string) => void process.stdout.write(`${line}\n`);

const words = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
/** The file for the counts, in the form of Vitest's report, so that a caller can add them to those of other runs. */
const report = process.argv.map((argument) => /^--outputFile\.json=(.+)$/.exec(argument)?.[1]).find(Boolean);

// Handled every time: a terminal and npm each send a signal, and the second must not interrupt the cleanup.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
const fourth = process.argv.map((argument) => /^--fourth=([0-3])$/.exec(argument)?.[1]).find(Boolean);
const chosen = mutations.filter(
  ({ file, breaks }, at) =>
    (fourth === undefined || at % 4 === Number(fourth)) &&
    (words.length === 0 || words.some((word) => `${file} ${breaks}`.includes(word))),
);
const workshops = await Promise.all(Array.from({ length: WORKSHOPS }, () => openWorkshop(root)));
try {
  const { passed, failed } = await checkMutations(chosen, workshops, say, process.argv.includes('--proven'));
  const counts = { numPassedTests: passed, numFailedTests: failed, numTotalTests: passed + failed };
  if (report !== undefined) await writeFile(report, JSON.stringify(counts));
  say(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} finally {
  await Promise.all(workshops.map((workshop) => workshop.close()));
}
