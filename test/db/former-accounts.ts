import { hash } from 'argon2';
import type postgres from 'postgres';

/** The password of every account. */
export const PASSWORD = 'correct horse';
const TEAM = '018f0000-0000-7000-8000-0000000000aa';

let accounts = 0;
const idOf = (n: number) => `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`;

/** Adds an account with a password, as former versions stored it. */
async function addAccount(sql: postgres.Sql, email: string, hashed: string): Promise<string> {
  accounts += 1;
  const id = idOf(accounts);
  await sql`insert into portcullis.users (id, email, name) values (${id}, ${email}, 'Ada')`;
  await sql`insert into portcullis_private.passwords (user_id, hash) values (${id}, ${hashed})`;
  return id;
}

/** Adds an invite that expires after these hours. */
export const addInvite = async (sql: postgres.Sql, email: string, role: string, hours: number) => {
  await sql`insert into portcullis.invites (id, team_id, email, role, expires_at)
    values (gen_random_uuid(), ${TEAM}, ${email}, ${role}, now() + make_interval(hours => ${hours}))`;
};

/** Adds accounts and invites of version 0.1, whose addresses have all kinds of spellings. Returns the ids of named accounts. */
export async function addFormerAccounts(sql: postgres.Sql): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  const hashed = await hash(PASSWORD, { memoryCost: 1024, timeCost: 1, parallelism: 1 });
  for (const [name, email] of [
    ['plain', 'plain@example.com'],
    ['alone', 'alone@bücher.example'],
    ['wide', 'wide@ｅxample.com'],
    ['ascii', 'ascii@xn--bcher-kva.example'],
    ['former', 'pair@bücher.example'],
    ['canonical', 'pair@xn--bcher-kva.example'],
    ['first', 'two@ｂücher.example'],
    ['second', 'two@bücher.example'],
    ['number', 'number@10.20.30.40'],
    ['hidden', 'hid\u3164den@example.com'],
    ['local', 'ünï@example.com'],
  ] as const)
    ids[name] = await addAccount(sql, email, hashed);
  for (let n = 0; n < 600; n++) await addAccount(sql, `many-${n}@bücher.example`, 'none');
  await sql`insert into portcullis_private.one_time_tokens (token_hash, user_id, purpose, email, expires_at)
    values (sha256('a token'), ${ids.alone ?? ''}, 'verify_email', 'alone@bücher.example', now() + interval '1 day')`;
  await sql`insert into portcullis.teams (id, name) values (${TEAM}, 'Engines')`;
  await addInvite(sql, 'guest@example.com', 'MEMBER', 1);
  await addInvite(sql, 'guest@bücher.example', 'MEMBER', 1);
  await addInvite(sql, 'renewed@bücher.example', 'ADMIN', 2);
  await addInvite(sql, 'renewed@xn--bcher-kva.example', 'MEMBER', 1);
  await addInvite(sql, 'settled@bücher.example', 'ADMIN', 1);
  await addInvite(sql, 'settled@xn--bcher-kva.example', 'MEMBER', 2);
  await addInvite(sql, 'nowhere@10.20.30.40', 'MEMBER', 1);
  return ids;
}
