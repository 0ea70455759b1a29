import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getContainerRuntimeClient, ImageName } from 'testcontainers';
import { engineImage } from '../../support/hasura/engine-image.ts';
import { findDifferences, type Outcomes, type Report, readOutcomes } from './compare.ts';

// `npm run test:hasura:container`: the scenarios on the stand-in, then on a real graphql-engine, and where the two differ.

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const say = (line: string) => process.stdout.write(`${line}\n`);

/** The reason why the scenarios were not compared. */
class NotRun extends Error {}

/** Why the scenarios cannot run on a real engine here, or null. */
async function findObstacle(image: string): Promise<string | null> {
  try {
    const client = await getContainerRuntimeClient();
    const name = ImageName.fromString(image);
    if (!(await client.image.exists(name))) await client.image.pull(name);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * Runs every scenario, also after a failure.
 * @throws NotRun if no scenario could start
 */
async function play(engine: 'stand-in' | 'container', folder: string): Promise<Outcomes> {
  const report = join(folder, `${engine}.json`);
  const args = ['run', '--config', 'test/hasura/container/vitest.config.ts'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const env = { ...process.env, HASURA_ENGINE: engine };
  await new Promise((resolve) => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    spawn(process.execPath, [vitest, ...args, ...reporters], { cwd: root, env, stdio: 'inherit' }).on(
      'close',
      resolve,
    );
  });
  const text = await readFile(report, 'utf8').catch(() => {
    throw new NotRun(`the scenarios did not start on the ${engine}, see above.`);
  });
  return readOutcomes(JSON.parse(text) as Report, root);
}

async function compare(image: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-scenarios-'));
  try {
    const [standIn, engine] = [await play('stand-in', folder), await play('container', folder)];
    const differences = findDifferences(standIn, engine);
    const same = [...engine.values()].filter((outcome) => outcome === null).length;
    say(`\n${same} scenarios passed on ${image}, ${differences.length} did not pass on both:`);
    for (const { scenario, onStandIn, onEngine } of differences)
      say(`- ${scenario}\n    stand-in: ${onStandIn}\n    engine:   ${onEngine}`);
    return differences.length === 0 && same > 0;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function run(): Promise<boolean> {
  const image = await engineImage();
  const obstacle = await findObstacle(image);
  if (obstacle !== null) throw new NotRun(`no container of ${image} can be started here. ${obstacle}`);
  return compare(image);
}

const passed = await run().catch((error: unknown) => {
  if (!(error instanceof NotRun)) throw error;
  say(`Not run: ${error.message}`);
  return false;
});
process.exitCode = passed ? 0 : 1;
