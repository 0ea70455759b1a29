import { is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import * as accessTokens from '../../../db/tables/access-tokens.ts';
import * as accountDetails from '../../../db/tables/account-details.ts';
import * as ens from '../../../db/tables/contract-addresses.ts';
import * as flowStates from '../../../db/tables/flow-states.ts';
import * as guard from '../../../db/tables/guard.ts';
import * as heartbeat from '../../../db/tables/heartbeat.ts';
import * as identities from '../../../db/tables/identities.ts';
import * as identityProfiles from '../../../db/tables/identity-profiles.ts';
import * as imports from '../../../db/tables/imports.ts';
import * as keys from '../../../db/tables/keys.ts';
import * as oneTimeCodes from '../../../db/tables/one-time-codes.ts';
import * as oneTimeTokens from '../../../db/tables/one-time-tokens.ts';
import * as phones from '../../../db/tables/phones.ts';
import * as providerAttempts from '../../../db/tables/provider-attempts.ts';
import * as limits from '../../../db/tables/rate-limits.ts';
import * as roles from '../../../db/tables/roles.ts';
import * as secondFactors from '../../../db/tables/second-factors.ts';
import * as audit from '../../../db/tables/security-events.ts';
import * as serviceTokens from '../../../db/tables/service-tokens.ts';
import * as sessions from '../../../db/tables/sessions.ts';
import * as signupInvitations from '../../../db/tables/signup-invitations.ts';
import * as teams from '../../../db/tables/teams.ts';
import * as usedIdTokens from '../../../db/tables/used-id-tokens.ts';
import * as users from '../../../db/tables/users.ts';

/** Every table that the migrations create. */
export const databaseTables: readonly PgTable[] = [
  accessTokens,
  accountDetails,
  audit,
  heartbeat,
  ens,
  flowStates,
  guard,
  identities,
  identityProfiles,
  imports,
  keys,
  limits,
  oneTimeCodes,
  oneTimeTokens,
  phones,
  providerAttempts,
  roles,
  secondFactors,
  serviceTokens,
  sessions,
  signupInvitations,
  teams,
  usedIdTokens,
  users,
]
  .flatMap((module) => Object.values<unknown>(module))
  .filter((value): value is PgTable => is(value, PgTable));
