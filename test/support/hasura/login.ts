import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { applyHasuraLogin } from '../../../src/commands/hasura/metadata/database-login.ts';
import { quote } from './filters.ts';

export type Login = { role: string; url: string; sql: postgres.Sql; close(): Promise<void> };

/** Creates the engine's database role as an operator does (hasura/README.md, "The database role"), and logs in as it. */
export async function openLogin(databaseUrl: string): Promise<Login> {
  const login = new URL(databaseUrl);
  login.username = `hasura_${randomBytes(6).toString('hex')}`;
  login.password = randomBytes(12).toString('hex');
  const { role } = await applyHasuraLogin({ ownerUrl: databaseUrl, hasuraUrl: login.href });
  // A fault of the stand-in must not make a test wait for a lock of its own.
  const connection = { lock_timeout: 10_000 };
  const sql = postgres(login.href, { max: 2, onnotice: () => {}, connection });
  return {
    ...{ role, url: login.href, sql },
    async close() {
      await sql.end({ timeout: 5 });
      const owner = postgres(databaseUrl, { max: 1, onnotice: () => {} });
      await owner.unsafe(`drop owned by ${quote(role)}; drop role ${quote(role)}`);
      await owner.end({ timeout: 5 });
    },
  };
}

type LoginOptions = { sourceUrl?: string; databaseUrl: string };

/** The login of an engine: the given one, which the test closes, or a new one. */
export async function loginFor({ sourceUrl, databaseUrl }: LoginOptions): Promise<Omit<Login, 'sql'>> {
  if (sourceUrl === undefined) return openLogin(databaseUrl);
  return { role: new URL(sourceUrl).username, url: sourceUrl, close: () => Promise.resolve() };
}
