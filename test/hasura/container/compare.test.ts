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

test('where no engine can be started the command says that it did not run, and fails', async () => {
  // Nowhere is there such an image; without Docker that does not even matter.
  const env = { ...process.env, HASURA_IMAGE: 'localhost:1/graphql-engine:none' };
  const args = ['--import', 'tsx', 'test/hasura/container/run.ts'];
  const { code, text } = await new Promise<{ code: unknown; text: string }>((resolve) => {
    execFile(process.execPath, args, { env }, (error, text) => resolve({ code: error?.code, text }));
  });
  expect(code).toBe(1);
  expect(text).toMatch(/^Not run: no container of localhost:1\/graphql-engine:none can be started here\. \S/);
  expect(text).not.toContain('passed');
});
