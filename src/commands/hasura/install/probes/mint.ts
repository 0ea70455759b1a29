import { randomUUID } from 'node:crypto';
import { generateKeyPair } from 'jose';
import type { Config } from '../../../../config/config.ts';
import { ConfigError, readConfig } from '../../../../config/read-config.ts';
import { createKeyEncryption } from '../../../../crypto/key-encryption.ts';
import { openDatabase } from '../../../../db/client.ts';
import { createSigner, type Signer, type SigningKey } from '../../../../keys/signing.ts';
import { issueTokens } from '../../../../sessions/tokens.ts';
import { COMMAND_TIMEOUT_MS, prepareCommand } from '../../../database.ts';
import type { TokenNames } from './finding.ts';

/** How a token differs from one that the gateway signs. */
export type Flaw = 'none' | 'audience' | 'issuer' | 'key';

/** Signs tokens for the probes. Their user and session do not exist, and they live for a minute. */
export type Mint = {
  tokens: TokenNames;
  token: (flaw: Flaw) => Promise<string>;
  /** Signs a token as the GoTrue dialect does. Null while the dialect is off. */
  goTrueToken: (() => Promise<string>) | null;
};

const TTL_SECONDS = 60;

async function sign(
  signer: Signer,
  config: Config,
  key: SigningKey,
  changed: Partial<Config['tokens']>,
): Promise<string> {
  const { accessToken } = await issueTokens(
    { signer, config: { ...config, tokens: { ...config.tokens, ...changed } } },
    {
      key,
      subject: {
        userId: randomUUID(),
        sessionId: randomUUID(),
        emailVerified: false,
        roles: [],
        claims: {},
        level: 'aal1',
      },
      team: null,
      kind: 'access',
      ttlSeconds: TTL_SECONDS,
      secondsLeft: TTL_SECONDS,
    },
  );
  return accessToken;
}

function createMint(signer: Signer, config: Config): Mint {
  const { issuer, audience } = config.tokens;
  const goTrue = config.dialects.includes('gotrue') ? { audience: config.gotrue.audience } : null;
  return {
    tokens: { issuer, audience: goTrue === null ? audience : [audience, goTrue.audience] },
    goTrueToken: goTrue && (async () => sign(signer, config, await signer.currentKey(TTL_SECONDS), goTrue)),
    async token(flaw) {
      const key = await signer.currentKey(TTL_SECONDS);
      const other = `https://${randomUUID()}.invalid`;
      if (flaw === 'audience') return sign(signer, config, key, { audience: other });
      if (flaw === 'issuer') return sign(signer, config, key, { issuer: other });
      if (flaw === 'none') return sign(signer, config, key, {});
      const { privateKey } = await generateKeyPair(key.alg);
      return sign(signer, config, { ...key, key: privateKey }, {});
    },
  };
}

/**
 * Runs `probe` with a mint that signs with the gateway's own key. Without the gateway's variables in `env`, the mint is null, and
 * `missing` says what they lack.
 */
export async function withMint<T>(
  env: NodeJS.ProcessEnv,
  probe: (mint: Mint | null, missing: string) => Promise<T>,
): Promise<T> {
  let config: Config;
  try {
    config = readConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return probe(null, error.problems.join('; '));
  }
  const absent = ['DATABASE_URL', 'KEY_ENCRYPTION_KEYS'].filter((name) => !env[name] && !env[`${name}_FILE`]);
  if (absent.length > 0) return probe(null, `${absent.join(' and ')} not set`);
  const opened = await openMint(config, env).catch((error: NodeJS.ErrnoException) => error);
  if (opened instanceof Error)
    return probe(null, `the database or its signing keys cannot be used: ${opened.code ?? opened.name}`);
  try {
    return await probe(opened.mint, '');
  } finally {
    await opened.close();
  }
}

async function openMint(
  config: Config,
  env: NodeJS.ProcessEnv,
): Promise<{ mint: Mint; close: () => Promise<void> }> {
  const applicationName = 'portcullis-hasura-install';
  const { database } = await prepareCommand(applicationName, [], env);
  const { db, close } = openDatabase({
    ...database,
    poolSize: 1,
    statementTimeoutMs: COMMAND_TIMEOUT_MS,
    applicationName,
  });
  try {
    const signer = createSigner({ db, keyEncryption: createKeyEncryption(config.keyEncryptionKeys), config });
    await signer.currentKey(TTL_SECONDS);
    return { mint: createMint(signer, config), close };
  } catch (error) {
    await close();
    throw error;
  }
}
