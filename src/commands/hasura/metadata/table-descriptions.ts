import { cache } from '../../../db/tables/contract-addresses.ts';
import { identities } from '../../../db/tables/identities.ts';
import { jwks } from '../../../db/tables/keys.ts';
import { phones } from '../../../db/tables/phones.ts';
import { rolesOfMembers, rolesOfUsers } from '../../../db/tables/roles.ts';
import { securityEvents } from '../../../db/tables/security-events.ts';
import { sessions } from '../../../db/tables/sessions.ts';
import { invites, memberships, projects, teams } from '../../../db/tables/teams.ts';
import { users } from '../../../db/tables/users.ts';
import { type Declaration, describe } from './declaration-types.ts';

const createdAt = 'When the row was created.';
const updatedAt = 'When the row was changed last.';

/**
 * What GraphQL shows as the description of each tracked table and column, and what Hasura's console shows beside a permission. Newer
 * engines do not read the comments of Postgres (hasura/README.md, "Descriptions").
 */
export const descriptions: Declaration['descriptions'] = [
  describe(users, {
    table: 'The accounts of people.',
    columns: {
      id: 'The id of the account, which tokens name as `x-hasura-user-id`.',
      email: 'The address to sign in with; null for an account without an address.',
      name: 'The name that the person chose; null if they chose none.',
      email_verified_at: 'When the person proved the address; null if they did not.',
      canonical_email:
        'The canonical form of an address of version 0.1 that another account has; null for all others.',
      disabled_at: 'When an operator disabled the account; null if it is not disabled.',
      created_at: 'When the person signed up.',
      updated_at: updatedAt,
    },
    select: 'The current user reads their own account.',
    update: 'The current user changes their own name.',
  }),
  describe(teams, {
    table: 'The teams that people belong to.',
    columns: {
      id: 'The id of the team, which team tokens name as `x-hasura-team-id`.',
      name: 'The name of the team.',
      created_at: createdAt,
      updated_at: updatedAt,
    },
    select: 'Members read their teams.',
    update: 'Owners and admins rename their team.',
  }),
  describe(memberships, {
    table: 'The members of each team.',
    columns: {
      team_id: 'The id of the team.',
      user_id: 'The id of the member.',
      role: 'The role of the member in the team: `OWNER`, `ADMIN` or `MEMBER`.',
      created_at: 'When the member joined.',
    },
    select: 'Members read all memberships of their teams.',
  }),
  describe(projects, {
    table: 'The projects of each team.',
    columns: {
      id: 'The id of the project.',
      team_id: 'The id of the team that owns the project.',
      name: 'The name of the project.',
      created_at: createdAt,
      updated_at: updatedAt,
    },
    select: 'Members read the projects of their teams.',
    update: 'Owners and admins rename projects of their team.',
  }),
  describe(invites, {
    table: 'The open invites of each team.',
    columns: {
      id: 'The id of the invite.',
      team_id: 'The id of the team that a person is invited to.',
      email: 'The address that the invite was mailed to.',
      role: 'The role that the invite gives: `ADMIN` or `MEMBER`.',
      inviter_id: 'The id of the member who invited; null if that account was deleted.',
      created_at: createdAt,
      expires_at: 'When the invite ends.',
    },
    select: 'Owners and admins read the open invites of their team.',
  }),
  describe(rolesOfUsers, {
    table: 'The roles of Hasura that the operator gave to people.',
    columns: {
      user_id: 'The id of the person.',
      role: 'The role, which the person’s tokens allow.',
      created_at: 'When the operator gave the role.',
    },
    select: 'The current user reads their own roles.',
  }),
  describe(rolesOfMembers, {
    table: 'The roles of Hasura that the operator gave to members of teams.',
    columns: {
      team_id: 'The id of the team.',
      user_id: 'The id of the member.',
      role: 'The role, which the member’s tokens of this team allow.',
      created_at: 'When the operator gave the role.',
    },
    select: 'The current user reads their own roles in teams.',
  }),
  describe(sessions, {
    table: 'The sessions of people: one sign-in on one device, or one personal access token.',
    columns: {
      id: 'The id of the session, which tokens name as `x-hasura-session-id`.',
      user_id: 'The id of the person who signed in.',
      active_team_id: 'The id of the team that the session works in; null if the person chose none.',
      user_agent: 'The program that signed in, as it described itself.',
      address: 'The network address of the sign-in; null if the gateway could not tell it.',
      created_at: 'When the person signed in, or created the personal access token.',
      last_used_at: 'When the session was renewed last, or the personal access token was used last.',
      expires_at: 'When the session ends at the latest.',
      revoked_at: 'When the session was ended; null while it is live.',
      opened_by:
        'What opened the session: `password`, `mailed_token`, `phone_code`, `provider`, `anonymous`, or `access_token` for that of a personal access token.',
      proven_at: 'When the holder of the mailbox confirmed the session; null if they did not.',
      methods: 'The ways in which the person has authenticated, the last one first.',
      level: 'Whether the person has shown one factor, `aal1`, or two, `aal2`.',
    },
    select: 'The current user reads their own sessions.',
  }),
  describe(identities, {
    table: 'The accounts at other providers that people can sign in with.',
    columns: {
      id: 'The id of the row.',
      user_id: 'The id of the person.',
      provider: 'The name of the provider, for example `google`.',
      issuer: 'The issuer, if the provider has one for each customer; otherwise empty.',
      subject: 'The id of the account at the provider, which never changes.',
      email: 'The address that the provider stated; null if it stated none.',
      created_at: 'When the person linked the account.',
    },
    select: 'The current user reads their own linked accounts.',
  }),
  describe(phones, {
    table: 'The phone numbers of people.',
    columns: {
      user_id: 'The id of the person.',
      number: 'The number to sign in with, in the form of E.164: `+4915112345678`.',
      verified_at: 'When the person proved the number; null if they did not.',
      created_at: createdAt,
      updated_at: updatedAt,
    },
    select: 'The current user reads their own phone number.',
  }),
  describe(jwks, {
    table: 'The public keys that verify the gateway’s tokens.',
    columns: {
      id: 'The id of the key, which tokens name as `kid`.',
      alg: 'The algorithm of the key’s signatures.',
      public_jwk: 'The public key as a JSON Web Key.',
      created_at: createdAt,
      expires_at: 'When the key ends; an admin may change it.',
    },
  }),
  describe(securityEvents, {
    table: 'What happened to accounts and teams, for operators.',
    columns: {
      id: 'The id of the event.',
      created_at: 'When it happened.',
      action: 'What happened.',
      outcome: 'Whether it succeeded: `success` or `failure`.',
      user_id: 'The id of the account, which may no longer exist; null without one.',
      session_id: 'The id of the session, which may no longer exist; null without one.',
      team_id: 'The id of the team, which may no longer exist; null without one.',
      address: 'The network address of the request; null if the gateway could not tell it.',
      user_agent: 'The program that sent the request, as it described itself.',
      details: 'More about the event, without addresses, tokens and passwords.',
    },
  }),
  describe(cache, {
    table: 'The contract addresses that the gateway found last.',
    columns: {
      key: 'The ENS name.',
      value: 'The address of the contract, with its checksum.',
      updated_at: 'When the value was changed last.',
    },
    select: 'Every client reads all contract addresses.',
  }),
];
