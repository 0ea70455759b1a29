import { isUuid } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { parsePage } from '../../teams/pages.ts';
import { listAccountPage, MAX_PER_PAGE } from '../../users/account-pages.ts';
import type { Account } from '../../users/accounts.ts';
import { parsePrefix } from '../../users/attributes.ts';
import { listUsers } from '../../users/user-list.ts';
import { findUser, findUserByEmail, type User } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';

/** What is null does not matter. */
export type ListAccountsInput = {
  /** 1 to 100. */
  first: number;
  /** The id of the last user of the page before. */
  after?: string | null | undefined;
  /** The beginning of an address, a name or an id. */
  search?: string | null | undefined;
  disabled?: boolean | null | undefined;
  verified?: boolean | null | undefined;
  createdFrom?: Date | null | undefined;
  createdBefore?: Date | null | undefined;
  /** A role of Hasura that the operator gave. */
  role?: string | null | undefined;
};

/**
 * Lists users, a page at a time, in the order of their ids. For the operator.
 * @throws AuthError `invalid` (first, after, search, role), `max_length` (search, role)
 */
export async function listAccounts(deps: Deps, _by: Caller, input: ListAccountsInput): Promise<User[]> {
  const page = parsePage(input);
  const search = parsePrefix(input.search ?? '', 'search');
  const { disabled = null, verified = null, createdFrom = null, createdBefore = null } = input;
  const role = parsePrefix(input.role ?? '', 'role');
  return listUsers(deps.db, { search, disabled, verified, createdFrom, createdBefore, role }, page);
}

/**
 * Finds a user by their id or email address. For the operator.
 * @throws AuthError `required` or `not_found` (user)
 */
export async function findAccount(deps: Deps, _by: Caller, { user }: { user: string }): Promise<User> {
  if (user.trim() === '') throw new AuthError('required', { attribute: 'user' });
  const id = user.trim().toLowerCase();
  const found = isUuid(id)
    ? await findUser(deps.db, id)
    : ((await findUserByEmail(deps.db, user))?.user ?? null);
  if (found === null)
    throw new AuthError('not_found', { attribute: 'user', message: 'This account does not exist.' });
  return found;
}

/** Selects a page of accounts by its number. */
export type PageAccountsInput = {
  /** From 1. */
  page: number;
  /** 1 to 1,000. */
  perPage: number;
  /** A part of an address, a number, a name or an id. Empty: all accounts. */
  filter: string;
  oldestFirst: boolean;
};

/**
 * Lists accounts with all that clients of the GoTrue dialect see of them, a page at a time, in the order of their creation. For the
 * operator.
 * @returns the page, and how many accounts fit
 * @throws AuthError `invalid` (page, per_page, filter), `max_length` (filter)
 */
export function pageAccounts(
  deps: Deps,
  _by: Caller,
  { page, perPage, filter: typed, oldestFirst }: PageAccountsInput,
): Promise<{ accounts: Account[]; total: number }> {
  if (!Number.isSafeInteger(page * perPage) || page < 1)
    throw new AuthError('invalid', { attribute: 'page' });
  if (perPage < 1 || perPage > MAX_PER_PAGE) throw new AuthError('invalid', { attribute: 'per_page' });
  const filter = parsePrefix(typed, 'filter');
  return listAccountPage(deps, { page, perPage, filter, oldestFirst });
}
