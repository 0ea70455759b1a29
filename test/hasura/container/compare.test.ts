import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { findDifferences, type Report, readOutcomes } from './compare.ts';

// What `npm run test:hasura:container` makes of two runs of the scenarios.

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

test('scenarios that pass on both do not differ', () => {
  expect(findDifferences(outcomes(scenario('x')), outcomes(scenario('x')))).toEqual([]);
});

test('a scenario that fails on either is listed with the first line of what went wrong', () => {
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

test('a scenario that only one of them ran is listed, and so is a file that could not be run', () => {
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

test('skipped scenarios do not count as passed', () => {
  const skipped = { ...scenario('x'), status: 'skipped' };
  expect(findDifferences(outcomes(skipped), outcomes(skipped))).toMatchObject([{ onEngine: 'failed' }]);
});

test('what fails besides the scenarios is listed: a file’s end, an error that nobody caught', () => {
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

test('of two scenarios of one name the one that failed counts', () => {
  const twice = outcomes(scenario('x', 'Error: no'), scenario('x'));
  expect(findDifferences(outcomes(scenario('x')), twice)).toMatchObject([{ onEngine: 'Error: no' }]);
});

/** Runs a program of the repository's, and says how it ended and what it wrote. */
const runNode = (env: Record<string, string>, ...args: string[]) =>
  new Promise<{ code: unknown; text: string }>((resolve) => {
    execFile(process.execPath, args, { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error?.code, text: stdout + stderr });
    });
  });

// Nowhere is there an image of such a name; without Docker that does not even matter.
test('where no engine can be started the command says that it did not run, and fails', async () => {
  const env = { HASURA_IMAGE: 'localhost:1/graphql-engine:none' };
  const { code, text } = await runNode(env, '--import', 'tsx', 'test/hasura/container/run.ts');
  expect(code).toBe(1);
  expect(text).toMatch(/^Not run: no container of localhost:1\/graphql-engine:none can be started here\. \S/);
  expect(text).not.toContain('passed');
});

test('where no Postgres can be started in a container the tests say that they did not run, and fail', async () => {
  const env = { TEST_DATABASE_URL: '', TEST_DATABASE: 'container', TEST_DATABASE_IMAGE: 'localhost:1/none' };
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'];
  const { code, text } = await runNode(env, ...vitest, 'test/db/migrate.test.ts');
  expect(code).toBe(1);
  expect(text).toMatch(/Not run: no container of localhost:1\/none can be started here\. \S/);
  expect(text).not.toContain('passed');
});
