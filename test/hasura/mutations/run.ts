import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { checkMutations } from './check.ts';
import { mutations } from './list/index.ts';
import { openWorkshop } from './workshop.ts';

/**
 * `npm run test:mutations`: breaks one rule of the gateway or the metadata after the other, and sees that a
 * scenario fails. `npm run test:mutations -- caller.ts jwks` tries those alone whose file or rule has one of the words.
 * `--proven` says that `npm test` passed just now: the scenarios are not played first as things are.
 */
const WORKSHOPS = 2;
const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const say = (line: string) => void process.stdout.write(`${line}\n`);

const words = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
/** Where the counts go, in the form of Vitest's report, for whoever adds them to those of other runs. */
const report = process.argv.map((argument) => /^--outputFile\.json=(.+)$/.exec(argument)?.[1]).find(Boolean);

// Not once: a terminal and npm each send one, and the second must not cut the clearing up short.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
const chosen = mutations.filter(
  ({ file, breaks }) => words.length === 0 || words.some((word) => `${file} ${breaks}`.includes(word)),
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
