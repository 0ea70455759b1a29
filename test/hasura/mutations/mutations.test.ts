import { access, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { checkMutations } from './check.ts';
import { mutations } from './list/index.ts';
import { type Mutation, mutate, type Played, type Ran, readPlayed, type Workshop } from './mutation.ts';

// How `npm run test:mutations` judges its results. The mutations themselves take some minutes.

const mutation: Mutation = {
  ...{ breaks: 'doors are open', file: 'door.ts', from: 'locked', to: 'open', scenarios: ['visit'] },
};
const passed: Played = { kind: 'passed', tests: 3 };
const failed: Played = { kind: 'failed', test: 'visit: a stranger stays out', because: 'AssertionError: 1' };

/** A workshop with one file, in which `play` gives the result of the scenarios for the text of that file. */
function workshopOf(text: string, play: (text: string) => Played) {
  const played: string[] = [];
  let content = text;
  const workshop: Workshop = {
    read: async () => content,
    async write(_file, written) {
      content = written;
    },
    async play() {
      played.push(content);
      return play(content);
    },
  };
  return { workshop, played, content: () => content };
}

async function check(text: string, play: (text: string) => Played) {
  const opened = workshopOf(text, play);
  const said: string[] = [];
  const counts = await checkMutations([mutation], [opened.workshop], (line) => said.push(line));
  return { ...opened, counts, said };
}

describe('a mutation', () => {
  test('that makes a scenario fail counts as passed and is reverted', async () => {
    const { counts, said, played, content } = await check('a locked door', (text) =>
      text === 'a locked door' ? passed : failed,
    );
    expect(counts).toEqual({ passed: 1, failed: 0 });
    expect(said).toEqual(['door.ts: doors are open\n    killed by visit: a stranger stays out']);
    expect(played).toEqual(['a locked door', 'a open door']);
    expect(content()).toBe('a locked door');
  });

  test('that no scenario notices counts as failed', async () => {
    const { counts, said, content } = await check('a locked door', () => passed);
    expect(counts).toEqual({ passed: 0, failed: 1 });
    expect(said).toEqual(['door.ts: doors are open\n    SURVIVED 3 tests']);
    expect(content()).toBe('a locked door');
  });

  test.each([
    ['a shut door', 0],
    ['locked, locked', 2],
    ['locked, locked, locked', 3],
  ])(
    'whose text does not occur exactly once counts as failed and is not applied: %s',
    async (text, times) => {
      const { counts, said, played } = await check(text, () => passed);
      expect(counts).toEqual({ passed: 0, failed: 1 });
      expect(said).toEqual([`door.ts: doors are open\n    STALE: what it replaces is there ${times} times`]);
      expect(played).toEqual([text]);
    },
  );

  test.each<[string, Played]>([
    ['nothing ran', { kind: 'broken', because: 'no such file' }],
    ['the code has an error', { ...failed, because: 'ReferenceError: x is not defined' }],
    ['the gateway crashed', { ...failed, because: 'Unexpected error: {"code":"internal_error"}' }],
  ])('that breaks more than its rule counts as failed: %s', async (_what, after) => {
    const { counts, said } = await check('a locked door', (text) => (text.includes('open') ? after : passed));
    expect(counts).toEqual({ passed: 0, failed: 1 });
    expect(said).toEqual([expect.stringContaining('WORTHLESS: ')]);
  });
});

test('no mutation is tried when the scenarios fail without a mutation', async () => {
  const { counts, said, played } = await check('a locked door', () => failed);
  expect(counts).toEqual({ passed: 0, failed: 1 });
  expect(said).toEqual(['visit does not pass without any mutation: AssertionError: 1']);
  expect(played).toEqual(['a locked door']);
});

test('scenarios that are proven do not run before the mutations', async () => {
  const { workshop, played } = workshopOf('a locked door', () => failed);
  expect(await checkMutations([mutation], [workshop], () => {}, true)).toEqual({ passed: 1, failed: 0 });
  expect(played).toEqual(['a open door']);
});

test('mutate inserts its replacement literally, including $& and $1', () => {
  expect(mutate('a b', { from: 'b', to: '$& $1' })).toBe('a $& $1');
});

describe('a run of scenarios', () => {
  const file = (errors: string[], ...states: Ran['tests'][number]['state'][]): Ran => ({
    ...{ file: 'visit', errors },
    tests: states.map((state, index) => ({ name: `test ${index}`, state, because: 'because' })),
  });

  test('counts as failed when a test failed, also beside an error of a hook', () => {
    expect(readPlayed([file(['no hook'], 'passed', 'failed', 'skipped')])).toEqual({
      ...{ kind: 'failed', test: 'visit: test 1', because: 'because' },
    });
  });

  test('counts as passed when every test passed', () => {
    expect(readPlayed([file([], 'passed'), file([], 'passed', 'passed')])).toEqual(passed);
  });

  test('counts as broken when a file fails before its tests or a test does not run', () => {
    expect(readPlayed([file(['no stage'], 'skipped')])).toEqual({ kind: 'broken', because: 'no stage' });
    expect(readPlayed([file([], 'passed', 'skipped')])).toMatchObject({ kind: 'broken' });
    expect(readPlayed([])).toMatchObject({ kind: 'broken' });
  });
});

describe('the mutations', () => {
  test('each match their file exactly once', async () => {
    for (const { file, breaks, ...change } of mutations)
      expect(mutate(await readFile(file, 'utf8'), change), `${file}: ${breaks}`).toEqual(expect.any(String));
  });

  test('each change their file and name existing scenarios', async () => {
    for (const { breaks, from, to, scenarios } of mutations) {
      expect(from, breaks).not.toBe(to);
      expect(scenarios.length, breaks).toBeGreaterThan(0);
      for (const name of scenarios) await access(`test/hasura/scenarios/${name}.test.ts`);
    }
  });

  test('each have a description of their own', () => {
    const rules = mutations.map(({ breaks }) => breaks);
    expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([]);
  });
});
