import { describe, expect, test } from 'vitest';
import { subcommands } from '../../src/commands/users/subcommands.ts';
import { runUsers, runUsersOn } from './command.ts';

/** A subcommand that opened the database would fail. */
const nothing = {
  get deps(): never {
    throw new Error('It opened the database.');
  },
};

const NAMES = Object.keys(subcommands);

describe('npm run users', () => {
  test('lists its subcommands, and ends with 2 without one', async () => {
    const asked = await runUsers(['--help'], {});
    expect(asked.code).toBe(0);
    for (const name of NAMES) expect(asked.stdout).toContain(`\n  ${name} `);
    expect(await runUsersOn(nothing, [])).toMatchObject({ code: 2, stdout: asked.stdout });
  });

  test.each(NAMES)('%s --help prints its usage without a database', async (name) => {
    const { code, stdout } = await runUsersOn(nothing, [name, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: npm run users -- ${name} `);
    expect(stdout).toContain('--json');
  });

  test.each([
    ['an unknown subcommand', ['constructor']],
    ['an unknown option', ['clashes', '--unknown']],
    ['an argument too many', ['clashes', 'more']],
  ])('%s ends with 2', async (_what, args) => {
    const { code, stdout, stderr } = await runUsersOn(nothing, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('npm run users --');
  });

  test('with --json an error is JSON on the standard error', async () => {
    const { code, stderr } = await runUsers(['clashes', '--json'], { NODE_ENV: 'production' });
    expect(code).toBe(78);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'configuration',
        message: expect.stringContaining('DATABASE_URL: required in production'),
      },
    });
  });
});
