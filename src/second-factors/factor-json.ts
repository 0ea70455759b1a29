import { type SQL, sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { secondFactors } from '../db/tables/second-factors.ts';
import { isUsable, type SecondFactor } from './factors.ts';

/** An authenticator app as Postgres makes it within a larger row. */
export type FactorJson = {
  id: string;
  name: string | null;
  createdAt: string;
  updatedAt: string;
  verifiedAt: string | null;
  lastChallengedAt: string | null;
};

/** SQL: the authenticator apps of a user as a JSON array, the oldest first. */
export const factorsOf = (userId: AnyPgColumn): SQL<FactorJson[]> => sql<FactorJson[]>`coalesce((
  select json_agg(json_build_object('id', id, 'name', name, 'createdAt', created_at, 'updatedAt', updated_at,
    'verifiedAt', verified_at, 'lastChallengedAt', last_challenged_at) order by id)
  from ${secondFactors} where user_id = ${userId} and ${isUsable}), '[]')`;

const dateOrNull = (text: string | null): Date | null => (text === null ? null : new Date(text));

/** Makes an authenticator app from its JSON. */
export const factorOf = (json: FactorJson): SecondFactor => ({
  ...json,
  createdAt: new Date(json.createdAt),
  updatedAt: new Date(json.updatedAt),
  verifiedAt: dateOrNull(json.verifiedAt),
  lastChallengedAt: dateOrNull(json.lastChallengedAt),
});
