import { listAccounts } from '../../flows/admin/list-users.ts';
import { operator } from '../../flows/shared/caller.ts';
import type { User } from '../../users/users.ts';
import { type Arguments, isGiven, type Subcommand, textOf, UsageError } from '../cli/subcommand.ts';
import { toJson } from './account-report.ts';

const DEFAULT_PAGE = '50';

/** Lists users, a page at a time. */
export const list: Subcommand = {
  summary: 'Lists and searches users, a page at a time.',
  usage: '[options]',
  positionals: [0, 0],
  options: {
    search: { type: 'string', description: 'The beginning of the address, the name or the id.' },
    disabled: { type: 'boolean', description: 'Only disabled accounts.' },
    enabled: { type: 'boolean', description: 'Only accounts that are not disabled.' },
    verified: { type: 'boolean', description: 'Only verified addresses.' },
    unverified: { type: 'boolean', description: 'Only addresses that are not verified.' },
    role: { type: 'string', value: '<role>', description: 'A role that an operator gave.' },
    'created-from': { type: 'string', value: '<date>', description: 'Created then or later: 2026-11-22.' },
    'created-before': { type: 'string', value: '<date>', description: 'Created before.' },
    first: {
      type: 'string',
      value: '<number>',
      description: 'The size of the page: 1 to 100, by default 50.',
    },
    after: { type: 'string', value: '<id>', description: 'The id of the last user of the page before.' },
  },
  async run(given, open) {
    const first = Number(textOf(given, 'first') ?? DEFAULT_PAGE);
    if (!Number.isInteger(first)) throw new UsageError('--first must be a number.');
    const filter = {
      ...{ first, after: textOf(given, 'after'), search: textOf(given, 'search') },
      role: textOf(given, 'role'),
      disabled: eitherOf(given, 'disabled', 'enabled'),
      verified: eitherOf(given, 'verified', 'unverified'),
      createdFrom: momentOf(given, 'created-from'),
      createdBefore: momentOf(given, 'created-before'),
    };
    const { deps } = await open();
    const users = await listAccounts(deps, operator, filter);
    const next = users.length === first ? (users.at(-1)?.id ?? null) : null;
    return { json: { users: users.map(toJson), next }, text: textFor(users, next) };
  },
};

function eitherOf(given: Arguments, yes: string, no: string): boolean | null {
  if (isGiven(given, yes) && isGiven(given, no)) throw new UsageError(`Give --${yes} or --${no}, not both.`);
  if (isGiven(given, yes)) return true;
  return isGiven(given, no) ? false : null;
}

function momentOf(given: Arguments, name: string): Date | null {
  const text = textOf(given, name);
  if (text === undefined) return null;
  const moment = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(moment.getTime()))
    throw new UsageError(`--${name} must be a date: 2026-11-22 or 2026-11-22T09:30:00Z.`);
  return moment;
}

const lineOf = (user: User): string => {
  const { createdAt } = toJson(user);
  const facts = [
    ...(user.emailVerifiedAt === null ? ['not verified'] : []),
    ...(user.disabledAt === null ? [] : ['disabled']),
  ];
  return [user.id, createdAt.slice(0, 10), user.email ?? '-', user.name ?? '-', facts.join(', ')]
    .join('  ')
    .trim();
};

function textFor(users: readonly User[], next: string | null): string {
  if (users.length === 0) return 'No user fits.\n';
  const more = next === null ? '' : `\nThe next page: --after ${next}\n`;
  return `${users.map(lineOf).join('\n')}\n${more}`;
}
