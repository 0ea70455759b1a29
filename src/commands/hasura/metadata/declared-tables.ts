import { cache } from '../../../db/tables/contract-addresses.ts';
import { identities } from '../../../db/tables/identities.ts';
import { jwks } from '../../../db/tables/keys.ts';
import { phones } from '../../../db/tables/phones.ts';
import { rolesOfMembers, rolesOfUsers } from '../../../db/tables/roles.ts';
import { securityEvents } from '../../../db/tables/security-events.ts';
import { sessions } from '../../../db/tables/sessions.ts';
import { invites, memberships, projects, teams } from '../../../db/tables/teams.ts';
import { users } from '../../../db/tables/users.ts';
import { type Declaration, track } from './declaration-types.ts';

const me = { _eq: 'X-Hasura-User-Id' };

/**
 * The live session: the user is not disabled, and the session of the token is not revoked. Hasura verifies tokens by itself.
 * Without this condition it serves rows until the token expires: 24 hours after a logout for a portal token. No filter compares
 * the session's end with the clock, since a token never outlives its session. Postgres would evaluate the literal `now()` only
 * once, when Hasura prepares the statement (hasura/README.md, "Filters").
 */
const signedIn = {
  disabled_at: { _is_null: true },
  sessions: { id: { _eq: 'X-Hasura-Session-Id' }, revoked_at: { _is_null: true } },
};
/** The current user, as a member of a team. */
const member = { user_id: me, user: signedIn };
/** The current user, as a member who manages the team. */
const manager = { ...member, role: { _in: ['OWNER', 'ADMIN'] } };

export const liveSession: Declaration['liveSession'] = { table: users, condition: signedIn };

/** The tables that Hasura tracks. Each declares what Hasura's database role may read and edit, and the permissions of roles. */
export const tables: Declaration['tables'] = [
  track(users, {
    readable: [
      ...(['id', 'email', 'name', 'email_verified_at'] as const),
      ...(['canonical_email', 'disabled_at', 'created_at', 'updated_at'] as const),
    ],
    editable: ['name'],
    permissions: {
      user: {
        select: {
          columns: ['id', 'email', 'name', 'email_verified_at', 'created_at', 'updated_at'],
          filter: { id: me, ...signedIn },
        },
        update: { columns: ['name'], filter: { id: me, ...signedIn } },
      },
    },
  }),
  track(teams, {
    readable: ['id', 'name', 'created_at', 'updated_at'],
    editable: ['name'],
    joins: [{ name: 'gateway_team', field: 'team', arguments: { id: 'id' } }],
    permissions: {
      user: {
        select: {
          columns: ['id', 'name', 'created_at', 'updated_at'],
          filter: { memberships: member },
        },
        update: {
          columns: ['name'],
          filter: { memberships: manager },
        },
      },
    },
  }),
  track(memberships, {
    readable: ['team_id', 'user_id', 'role', 'created_at'],
    editable: [],
    permissions: {
      user: {
        select: {
          columns: ['team_id', 'user_id', 'role', 'created_at'],
          filter: { team: { memberships: member } },
        },
      },
    },
  }),
  track(projects, {
    readable: ['id', 'team_id', 'name', 'created_at', 'updated_at'],
    editable: ['name'],
    permissions: {
      user: {
        select: {
          columns: ['id', 'team_id', 'name', 'created_at', 'updated_at'],
          filter: { team: { memberships: member } },
        },
        update: { columns: ['name'], filter: { team: { memberships: manager } } },
      },
    },
  }),
  track(invites, {
    readable: ['id', 'team_id', 'email', 'role', 'inviter_id', 'created_at', 'expires_at'],
    editable: [],
    permissions: {
      user: {
        select: {
          columns: ['id', 'team_id', 'email', 'role', 'inviter_id', 'created_at', 'expires_at'],
          filter: { team: { memberships: manager } },
        },
      },
    },
  }),
  track(rolesOfUsers, {
    readable: ['user_id', 'role', 'created_at'],
    editable: [],
    permissions: {
      user: { select: { columns: ['user_id', 'role'], filter: { user_id: me, user: signedIn } } },
    },
  }),
  // A permission of the application that asks for a role in a team reads it here: it is gone at once when the operator takes it.
  track(rolesOfMembers, {
    readable: ['team_id', 'user_id', 'role', 'created_at'],
    editable: [],
    permissions: {
      user: { select: { columns: ['team_id', 'user_id', 'role'], filter: { user_id: me, user: signedIn } } },
    },
  }),
  track(sessions, {
    readable: [
      ...(['id', 'user_id', 'active_team_id', 'user_agent', 'address'] as const),
      ...(['created_at', 'last_used_at', 'expires_at', 'revoked_at', 'opened_by', 'proven_at'] as const),
      ...(['methods', 'level'] as const),
    ],
    editable: [],
    permissions: {
      user: {
        select: {
          columns: [
            ...(['id', 'user_id', 'active_team_id', 'user_agent', 'address'] as const),
            ...(['created_at', 'last_used_at', 'expires_at', 'revoked_at', 'level'] as const),
          ],
          filter: { user_id: me, user: signedIn },
        },
      },
    },
  }),
  track(identities, {
    readable: ['id', 'user_id', 'provider', 'issuer', 'subject', 'email', 'created_at'],
    editable: [],
    permissions: {
      user: {
        select: {
          columns: ['id', 'user_id', 'provider', 'email', 'created_at'],
          filter: { user_id: me, user: signedIn },
        },
      },
    },
  }),
  track(phones, {
    readable: ['user_id', 'number', 'verified_at', 'created_at', 'updated_at'],
    editable: [],
    permissions: {
      user: {
        select: {
          columns: ['user_id', 'number', 'verified_at', 'created_at', 'updated_at'],
          filter: { user_id: me, user: signedIn },
        },
      },
    },
  }),
  track(jwks, {
    customName: 'jwks',
    readable: ['id', 'alg', 'public_jwk', 'created_at', 'expires_at'],
    editable: ['expires_at'],
    permissions: {},
  }),
  track(securityEvents, {
    readable: [
      ...(['id', 'created_at', 'action', 'outcome', 'user_id', 'session_id', 'team_id'] as const),
      ...(['address', 'user_agent', 'details'] as const),
    ],
    editable: [],
    permissions: {},
  }),
  track(cache, {
    readable: ['key', 'value', 'updated_at'],
    everyRow: true,
    editable: [],
    permissions: {
      anonymous: { select: { columns: ['key', 'value', 'updated_at'], filter: {} } },
      user: { select: { columns: ['key', 'value', 'updated_at'], filter: {} } },
    },
  }),
];
