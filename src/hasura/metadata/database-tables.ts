import { is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import * as audit from '../../audit/tables.ts';
import * as heartbeat from '../../db/tables.ts';
import * as ens from '../../ens/tables.ts';
import * as keys from '../../keys/tables.ts';
import * as limits from '../../limits/tables.ts';
import * as oneTimeTokens from '../../one-time-tokens/tables.ts';
import * as sessions from '../../sessions/tables.ts';
import * as teams from '../../teams/tables.ts';
import * as users from '../../users/tables.ts';

/** Every table that the migrations make. */
export const databaseTables: readonly PgTable[] = [
  audit,
  heartbeat,
  ens,
  keys,
  limits,
  oneTimeTokens,
  sessions,
  teams,
  users,
]
  .flatMap((module) => Object.values<unknown>(module))
  .filter((value): value is PgTable => is(value, PgTable));
