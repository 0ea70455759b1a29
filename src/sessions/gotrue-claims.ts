import { sql } from 'drizzle-orm';
import type { Config } from '../config/config.ts';
import type { Queryable } from '../db/client.ts';
import { accountDetails, type Metadata } from '../db/tables/account-details.ts';
import { identities } from '../db/tables/identities.ts';
import { phones } from '../db/tables/phones.ts';
import { type AssuranceLevel, type SessionOpener, sessions, type UsedMethod } from '../db/tables/sessions.ts';
import { passwords, users } from '../db/tables/users.ts';
import { shownUserMetadata } from '../users/confirmations.ts';
import { shownAppMetadata, signInProviders } from '../users/sign-in-providers.ts';

type Row = {
  email: string | null;
  email_verified: boolean;
  phone: string | null;
  phone_verified: boolean;
  user_metadata: Metadata | null;
  app_metadata: Metadata | null;
  role: string | null;
  provider: string | null;
  is_anonymous: boolean;
  has_password: boolean;
  linked: string[];
  methods: UsedMethod[];
  level: AssuranceLevel;
  opened_by: SessionOpener;
  opened_at: number;
};

/** The claim `role` of a user whom the operator gave no other. */
export const AUTHENTICATED = 'authenticated';

/** Characters of JSON that metadata may have in a token, which has to fit into a header. `GET /user` returns longer metadata. */
const MAX_METADATA_IN_TOKEN = 2048;

/**
 * Reads what the GoTrue dialect's access tokens say beside the gateway's claims (the names are those of Supabase Auth). Hasura does
 * not read them: the user writes `user_metadata`.
 */
export async function findGotrueClaims(
  { db, config }: { db: Queryable; config: Pick<Config, 'gotrue'> },
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<Record<string, unknown>> {
  const [row] = await db.execute<Row>(sql`
    select u.email, u.email_verified_at is not null as email_verified, p.number as phone,
      p.verified_at is not null as phone_verified, d.user_metadata, d.app_metadata, d.role, d.provider,
      coalesce(d.is_anonymous, false) as is_anonymous,
      exists (select from ${passwords} where user_id = u.id) as has_password,
      to_json(array(select provider from ${identities} where user_id = u.id group by provider order by min(created_at))) as linked,
      s.methods, s.level, s.opened_by, floor(extract(epoch from s.created_at))::int as opened_at
    from ${sessions} s join ${users} u on u.id = s.user_id
    left join ${phones} p on p.user_id = u.id
    left join ${accountDetails} d on d.user_id = u.id
    where s.id = ${sessionId} and u.id = ${userId}`);
  if (row === undefined) throw new Error('The session of the token is gone.');
  const { email, phone, provider, linked } = row;
  const { autoconfirm } = config.gotrue;
  const facts = {
    sub: userId,
    email: email ?? '',
    email_verified: row.email_verified || (email !== null && autoconfirm.includes('email')),
    phone_verified: row.phone_verified || (phone !== null && autoconfirm.includes('phone')),
  };
  const providers = signInProviders({ email, phone, provider, linked, hasPassword: row.has_password });
  return {
    session_id: sessionId,
    email: email ?? '',
    phone: phone?.slice(1) ?? '',
    role: row.role ?? AUTHENTICATED,
    aal: row.level,
    amr: methodsOf(row),
    app_metadata: ifShort(shownAppMetadata(row.app_metadata ?? {}, providers)),
    user_metadata: ifShort(shownUserMetadata(row.user_metadata ?? {}, facts, row.email_verified)),
    is_anonymous: row.is_anonymous,
  };
}

const ifShort = (metadata: Metadata): Metadata =>
  JSON.stringify(metadata).length <= MAX_METADATA_IN_TOKEN ? metadata : {};

/** A session of an earlier version remembers only what opened it. */
const methodsOf = ({ methods, opened_by, opened_at }: Row): UsedMethod[] =>
  methods.length > 0
    ? methods
    : [{ method: opened_by === 'password' ? 'password' : 'otp', timestamp: opened_at }];
