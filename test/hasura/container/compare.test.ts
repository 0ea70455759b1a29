import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { findDifferences, type Report, readOutcomes } from './compare.ts';

// How `npm run test:hasura:container` compares two runs of the scenarios.

const scenario = (fullName: string, ...failureMessages: string[]) => ({
  fullName,
  status: failureMessages.length === 0 ? 'passed' : 'failed',
  failureMessages,
});
const report = (...assertionResults: ReturnType<typeof scenario>[]): Report => {
  const success = assertionResults.every(({ status }) => status === 'passed');
  const status = success ? 'passed' : 'failed';
  return { success, testResults: [{ name: '/repository/a.test.ts', status, message: '', assertionResults }] };
};
const outcomes = (...scenarios: ReturnType<typeof scenario>[]) =>
  readOutcomes(report(...scenarios), '/repository');

test('scenarios that pass on the stand-in and on the engine do not differ', () => {
  expect(findDifferences(outcomes(scenario('x')), outcomes(scenario('x')))).toEqual([]);
});

test('a scenario that fails on one side is listed with the first line of its error', () => {
  expect(
    findDifferences(
      outcomes(scenario('x'), scenario('y', 'Error: no\n  at z')),
      outcomes(scenario('x', 'AssertionError: 1 is not 2\n  - 1\n  + 2'), scenario('y')),
    ),
  ).toEqual([
    { scenario: 'a.test.ts: x', onStandIn: 'passed', onEngine: 'AssertionError: 1 is not 2' },
    { scenario: 'a.test.ts: y', onStandIn: 'Error: no', onEngine: 'passed' },
  ]);
});

test('a scenario that ran on one side only is listed, and so is a file that failed to run', () => {
  const broken = readOutcomes(
    {
      success: false,
      testResults: [
        {
          name: '/repository/a.test.ts',
          status: 'failed',
          message: 'Hasura exits\nat …',
          assertionResults: [],
        },
      ],
    },
    '/repository',
  );
  expect(findDifferences(outcomes(scenario('x')), broken)).toEqual([
    { scenario: 'a.test.ts: x', onStandIn: 'passed', onEngine: 'not run' },
    { scenario: 'a.test.ts', onStandIn: 'not run', onEngine: 'Hasura exits' },
  ]);
});

test('a skipped scenario counts as failed', () => {
  const skipped = { ...scenario('x'), status: 'skipped' };
  expect(findDifferences(outcomes(skipped), outcomes(skipped))).toMatchObject([{ onEngine: 'failed' }]);
});

test('a failed afterAll hook and an uncaught error are listed beside the scenarios', () => {
  const passed = report(scenario('x'));
  const [file] = passed.testResults;
  const ended = readOutcomes(
    { success: false, testResults: [{ ...file, status: 'failed', message: 'Error: afterAll' }] as never },
    '/repository',
  );
  expect(findDifferences(readOutcomes(passed, '/repository'), ended)).toEqual([
    { scenario: 'a.test.ts', onStandIn: 'not run', onEngine: 'Error: afterAll' },
  ]);
  const thrown = readOutcomes({ ...passed, success: false }, '/repository');
  expect(findDifferences(readOutcomes(passed, '/repository'), thrown)).toMatchObject([
    { scenario: 'the run as a whole', onEngine: 'failed' },
  ]);
});

test('two scenarios with one name count as failed when one scenario failed', () => {
  const twice = outcomes(scenario('x', 'Error: no'), scenario('x'));
  expect(findDifferences(outcomes(scenario('x')), twice)).toMatchObject([{ onEngine: 'Error: no' }]);
});

/** Runs a program of the repository and returns its exit code and output. */
const runNode = (env: Record<string, string>, ...args: string[]) =>
  new Promise<{ code: unknown; text: string }>((resolve) => {
    execFile(process.execPath, args, { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error?.code, text: stdout + stderr });
    });
  });

// No registry has an image of this name. Without Docker the command fails earlier.
test('the command reports that it did not run and exits with 1 when no engine can start', async () => {
  const env = { HASURA_IMAGE: 'localhost:1/graphql-engine:none' };
  const { code, text } = await runNode(env, '--import', 'tsx', 'test/hasura/container/run.ts');
  expect(code).toBe(1);
  expect(text).toMatch(/^Not run: no container of localhost:1\/graphql-engine:none can be started here\. \S/);
  expect(text).not.toContain('passed');
});

test('the tests report that they did not run and exit with 1 when no Postgres container can start', async () => {
  const env = { TEST_DATABASE_URL: '', TEST_DATABASE: 'container', TEST_DATABASE_IMAGE: 'localhost:1/none' };
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'];
  const { code, text } = await runNode(env, ...vitest, 'test/db/migrate.test.ts');
  expect(code).toBe(1);
  expect(text).toMatch(/Not run: no container of localhost:1\/none can be started here\. \S/);
  expect(text).not.toContain('passed');
});
