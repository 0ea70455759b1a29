import { access, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { checkMutations } from './check.ts';
import { mutations } from './list/index.ts';
import { type Mutation, mutate, type Played, type Ran, readPlayed, type Workshop } from './mutation.ts';

// What `npm run test:mutations` makes of what it finds; the mutations themselves take it some minutes.

const mutation: Mutation = {
  ...{ breaks: 'doors are open', file: 'door.ts', from: 'locked', to: 'open', scenarios: ['visit'] },
};
const passed: Played = { kind: 'passed', tests: 3 };
const failed: Played = { kind: 'failed', test: 'visit: a stranger stays out', because: 'AssertionError: 1' };

/** A workshop with one file, in which `play` says what comes of the scenarios when the file reads like that. */
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
  test('that a scenario notices has passed, and is taken back', async () => {
    const { counts, said, played, content } = await check('a locked door', (text) =>
      text === 'a locked door' ? passed : failed,
    );
    expect(counts).toEqual({ passed: 1, failed: 0 });
    expect(said).toEqual(['door.ts: doors are open\n    killed by visit: a stranger stays out']);
    expect(played).toEqual(['a locked door', 'a open door']);
    expect(content()).toBe('a locked door');
  });

  test('that survives has failed', async () => {
    const { counts, said, content } = await check('a locked door', () => passed);
    expect(counts).toEqual({ passed: 0, failed: 1 });
    expect(said).toEqual(['door.ts: doors are open\n    SURVIVED 3 tests']);
    expect(content()).toBe('a locked door');
  });

  test.each([
    ['a shut door', 0],
    ['locked, locked', 2],
    ['locked, locked, locked', 3],
  ])('whose text is not there once has failed, and nothing is played: %s', async (text, times) => {
    const { counts, said, played } = await check(text, () => passed);
    expect(counts).toEqual({ passed: 0, failed: 1 });
    expect(said).toEqual([`door.ts: doors are open\n    STALE: what it replaces is there ${times} times`]);
    expect(played).toEqual([text]);
  });

  test.each<[string, Played]>([
    ['nothing ran', { kind: 'broken', because: 'no such file' }],
    ['the code is none', { ...failed, because: 'ReferenceError: x is not defined' }],
    ['the gateway crashed', { ...failed, because: 'Unexpected error: {"code":"internal_error"}' }],
  ])('that breaks more than its rule is worth nothing: %s', async (_what, after) => {
    const { counts, said } = await check('a locked door', (text) => (text.includes('open') ? after : passed));
    expect(counts).toEqual({ passed: 0, failed: 1 });
    expect(said).toEqual([expect.stringContaining('WORTHLESS: ')]);
  });
});

test('where the scenarios fail without a mutation nothing is tried', async () => {
  const { counts, said, played } = await check('a locked door', () => failed);
  expect(counts).toEqual({ passed: 0, failed: 1 });
  expect(said).toEqual(['visit does not pass without any mutation: AssertionError: 1']);
  expect(played).toEqual(['a locked door']);
});

test('where the scenarios have passed already they are not played first', async () => {
  const { workshop, played } = workshopOf('a locked door', () => failed);
  expect(await checkMutations([mutation], [workshop], () => {}, true)).toEqual({ passed: 1, failed: 0 });
  expect(played).toEqual(['a open door']);
});

test('what replaces a text is taken to the letter', () => {
  expect(mutate('a b', { from: 'b', to: '$& $1' })).toBe('a $& $1');
});

describe('a run of scenarios', () => {
  const file = (errors: string[], ...states: Ran['tests'][number]['state'][]): Ran => ({
    ...{ file: 'visit', errors },
    tests: states.map((state, index) => ({ name: `test ${index}`, state, because: 'because' })),
  });

  test('has failed where a test has, whatever else happened', () => {
    expect(readPlayed([file(['no hook'], 'passed', 'failed', 'skipped')])).toEqual({
      ...{ kind: 'failed', test: 'visit: test 1', because: 'because' },
    });
  });

  test('has passed where every test has', () => {
    expect(readPlayed([file([], 'passed'), file([], 'passed', 'passed')])).toEqual(passed);
  });

  test('has tested nothing where a file failed before its tests, or a test did not run', () => {
    expect(readPlayed([file(['no stage'], 'skipped')])).toEqual({ kind: 'broken', because: 'no stage' });
    expect(readPlayed([file([], 'passed', 'skipped')])).toMatchObject({ kind: 'broken' });
    expect(readPlayed([])).toMatchObject({ kind: 'broken' });
  });
});

describe('the mutations', () => {
  test('each fit the file that they change, once', async () => {
    for (const { file, breaks, ...change } of mutations)
      expect(mutate(await readFile(file, 'utf8'), change), `${file}: ${breaks}`).toEqual(expect.any(String));
  });

  test('each change something, and name scenarios that exist', async () => {
    for (const { breaks, from, to, scenarios } of mutations) {
      expect(from, breaks).not.toBe(to);
      expect(scenarios.length, breaks).toBeGreaterThan(0);
      for (const name of scenarios) await access(`test/hasura/scenarios/${name}.test.ts`);
    }
  });

  test('each break a rule of their own', () => {
    const rules = mutations.map(({ breaks }) => breaks);
    expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([]);
  });
});
