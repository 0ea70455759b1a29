import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answer } from './messages.ts';
import { type Repeated, repeat } from './repeat.ts';

/**
 * The compiled gateway, wired as in main.ts, in its own process. The question `signs` issues tokens as a sign-in does: a query
 * for the key, and one signature.
 */
export type GatewayQuestion = { ask: 'url' } | { ask: 'signs'; atOnce: number; ms: number };
export type GatewayAnswer = { url: string; hashesAtOnce: number; signs: Repeated | null };

const compiled = (file: string) => pathToFileURL(join(process.env.BENCH_BUILD ?? '', file)).href;
const { createApp } = (await import(compiled('app.js'))) as typeof import('../../src/app.ts');
const { readConfig } = (await import(
  compiled('config/read-config.js')
)) as typeof import('../../src/config/read-config.ts');
const { createLog } = (await import(compiled('log.js'))) as typeof import('../../src/log.ts');
const { issueTokens } = (await import(
  compiled('sessions/tokens.js')
)) as typeof import('../../src/sessions/tokens.ts');

// NODE_ENV is production for the packages only: the configuration would refuse production without rate limits.
const config = readConfig({ ...process.env, NODE_ENV: '' });
const url = config.database.url ?? '';
const { deps, url: origin } = await createApp(
  { ...config, database: { ...config.database, url } },
  createLog(config.logLevel),
);

const subject = {
  userId: randomUUID(),
  sessionId: randomUUID(),
  emailVerified: false,
  roles: [],
  claims: {},
  level: 'aal1',
} as const;
async function issue(): Promise<void> {
  const ttlSeconds = deps.config.tokens.accessTtlSeconds;
  const key = await deps.signer.currentKey(ttlSeconds);
  await issueTokens(deps, { key, subject, team: null, kind: 'access', ttlSeconds, secondsLeft: ttlSeconds });
}

answer<GatewayQuestion, GatewayAnswer>(async (question) => ({
  url: origin,
  hashesAtOnce: config.passwords.hashConcurrency,
  signs: question.ask === 'signs' ? await repeat(issue, question.atOnce, question.ms) : null,
}));
