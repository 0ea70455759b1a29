import { and, eq, sql } from 'drizzle-orm';
import type { Config } from '../config/config.ts';
import { type Database, statement } from '../db/client.ts';
import { accountDetails, type Metadata } from '../db/tables/account-details.ts';
import { phones } from '../db/tables/phones.ts';
import { type AssuranceLevel, type SessionOpener, sessions, type UsedMethod } from '../db/tables/sessions.ts';
import { users } from '../db/tables/users.ts';
import { type Account, accountColumns, accountOf } from '../users/accounts.ts';

/** The claim `role` of a user whom the operator gave no other. */
export const AUTHENTICATED = 'authenticated';

/** Characters of JSON that metadata may have in a token, which has to fit into a header. `GET /user` returns longer metadata. */
const MAX_METADATA_IN_TOKEN = 2048;

const accountOfSession = statement((db) =>
  db
    .select({
      ...accountColumns,
      session: {
        id: sessions.id,
        methods: sessions.methods,
        level: sessions.level,
        openedBy: sessions.openedBy,
        createdAt: sessions.createdAt,
      },
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .leftJoin(accountDetails, eq(accountDetails.userId, users.id))
    .leftJoin(phones, eq(phones.userId, users.id))
    .where(and(eq(sessions.id, sql.placeholder('sessionId')), eq(users.id, sql.placeholder('userId'))))
    .prepare('account_of_session'),
);

/**
 * Reads, in one statement, the account of a session as clients of the GoTrue dialect see it, and what the access tokens say beside the
 * gateway's claims.
 */
export async function findGotrueSession(
  { db, config }: { db: Database; config: Pick<Config, 'gotrue'> },
  ids: { userId: string; sessionId: string },
): Promise<{ account: Account; claims: Record<string, unknown> }> {
  const [row] = await accountOfSession(db).execute(ids);
  if (row === undefined) throw new Error('The session of the token is gone.');
  const account = accountOf(row, config);
  return { account, claims: claimsOf(account, row.session) };
}

type ClaimedSession = {
  id: string;
  methods: UsedMethod[];
  level: AssuranceLevel;
  openedBy: SessionOpener;
  createdAt: Date;
};

/** The names are those of Supabase Auth. Hasura does not read these claims: the user writes `user_metadata`. */
const claimsOf = (
  { user, phone, details, appMetadata, userMetadata }: Account,
  session: ClaimedSession,
): Record<string, unknown> => ({
  session_id: session.id,
  email: user.email ?? '',
  phone: phone?.number.slice(1) ?? '',
  role: details.role ?? AUTHENTICATED,
  aal: session.level,
  amr: methodsOf(session),
  app_metadata: ifShort(appMetadata),
  user_metadata: ifShort(userMetadata),
  is_anonymous: details.isAnonymous,
});

const ifShort = (metadata: Metadata): Metadata =>
  JSON.stringify(metadata).length <= MAX_METADATA_IN_TOKEN ? metadata : {};

/** A session of an earlier version remembers only what opened it. */
const methodsOf = ({ methods, openedBy, createdAt }: ClaimedSession): UsedMethod[] =>
  methods.length > 0
    ? methods
    : [
        {
          method: openedBy === 'password' ? 'password' : 'otp',
          timestamp: Math.floor(createdAt.getTime() / 1000),
        },
      ];
