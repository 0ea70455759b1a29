import { createCaptcha } from './captcha/captcha.ts';
import { createClaimsReader } from './claims/claims.ts';
import type { Config } from './config/config.ts';
import { createSecretDeriver } from './crypto/derived-secrets.ts';
import { createHashGate } from './crypto/hash-gate.ts';
import { createKeyEncryption } from './crypto/key-encryption.ts';
import { createPasswordHasher } from './crypto/passwords/hasher.ts';
import { requireGuard } from './db/exposure.ts';
import { type DatabaseAccess, inspectDatabases } from './db/inspection.ts';
import { openPools, type Pools } from './db/pools.ts';
import { createDeliverTask } from './flows/mails/deliver.ts';
import { createSmsTask } from './flows/text-messages/deliver.ts';
import { keepHouse } from './flows/upkeep/housekeeping.ts';
import { dialects } from './http/router.ts';
import { startHttpServer } from './http/server.ts';
import { type JobWorker, startJobWorker } from './jobs/worker.ts';
import { checkKeyEncryption } from './keys/encryption-at-rest.ts';
import { ensureSuccessor } from './keys/jwks.ts';
import { createSignerKeyFinder } from './keys/password-signer-keys.ts';
import { createPublicKeyFinder, createSigner } from './keys/signing.ts';
import { createLeakedPasswords } from './leaked-passwords/leaked-passwords.ts';
import { createBodyBudget } from './limits/body-budget.ts';
import { createRateLimiter } from './limits/rate-limits.ts';
import { createRefusedSecrets } from './limits/refused-secrets.ts';
import type { Log } from './log.ts';
import { createMailInbox } from './mail/inbox.ts';
import { MAIL_TASK } from './mail/queue.ts';
import { loadMailTemplates, type MailTemplates } from './mail/templates.ts';
import { createMailTransport } from './mail/transport.ts';
import { applyMigrations, isMigrated } from './migrations/migrate.ts';
import { createCodeMaker } from './one-time-codes/code-maker.ts';
import { createOutbound } from './outbound/outbound.ts';
import { createProviders } from './providers/providers.ts';
import { createClientAddressReader } from './request/client-address.ts';
import type { GatewayDeps } from './request/deps.ts';
import { createDeviceMarks } from './sessions/device-marks.ts';
import { createRefreshTokens } from './sessions/refresh-token-format.ts';
import { SMS_TASK } from './sms/queue.ts';
import { createSmsSender } from './sms/sender.ts';
import { countEmailClashes } from './users/email-clashes.ts';
import { sampleForeignHashes } from './users/passwords.ts';
import { createWebhookTasks } from './webhooks/deliver.ts';
import { LANES } from './webhooks/queue.ts';

/**
 * How many milliseconds work may wait for its turn, at a hash or at the database. If work waits longer, the gateway is
 * overloaded, and refuses new work with `busy`.
 */
const LONGEST_WAIT_MS = 3000;

/** How many milliseconds a new password may wait for the service that knows leaked passwords. */
const LEAKS_WITHIN_MS = 3000;

/** The bounds of one request to a provider. */
const PROVIDER_BOUNDS = { withinMs: 5000, maxBytes: 256 * 1024 };

/** A complete configuration: what it left to the development defaults has been created. */
export type RunnableConfig = Config & { database: { url: string } };

export type App = {
  url: string;
  /** For tests. */
  deps: GatewayDeps;
  close(): Promise<void>;
};

/**
 * Starts the gateway: database, keys, HTTP, mail, housekeeping, in this order.
 *
 * @param signal aborts the wait for another gateway's migration; createApp then rejects with its reason
 */
export async function createApp(config: RunnableConfig, log: Log, signal?: AbortSignal): Promise<App> {
  const { poolSize, statementTimeoutMs, migrateOnStart } = config.database;
  const access = await inspectDatabases(config.database, log);
  const { url: directUrl, ...direct } = access.direct;
  if (migrateOnStart) await applyMigrations(directUrl, { ...direct, log, ...(signal && { signal }) });
  const database = openPools({ ...access.pooled, poolSize, statementTimeoutMs });
  try {
    const deps = await wire(config, database, log);
    // Without its tables the gateway still starts: `/ready` says what is missing until the tables exist.
    if (await isMigrated(database.db)) {
      await requireGuard(database.db, { claims: deps.claims !== null });
      await checkKeyEncryption(deps);
      await ensureSuccessor(deps);
      await warnOfEmailClashes(deps);
      await deps.claims?.check();
      void learnForeignHashes(deps);
    }
    const templates = await loadMailTemplates(config.mail);
    const http = await startHttpServer(deps, dialects);
    const mailWorker = startMailWorker(config, deps, templates, access.direct);
    const webhookWorker = startWebhookWorker(config, deps, access.direct);
    const smsWorker = startSmsWorker(config, deps, access.direct);
    const stopHousekeeping = startHousekeeping(deps);
    return {
      url: http.url,
      deps,
      async close() {
        await Promise.all([http.close(), mailWorker.stop(), webhookWorker?.stop(), smsWorker?.stop()]);
        await stopHousekeeping();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Warns the operator of accounts to which the migrations could not give canonical addresses. */
async function warnOfEmailClashes({ db, log }: GatewayDeps): Promise<void> {
  const accounts = await countEmailClashes(db);
  if (accounts > 0)
    log.warn({ accounts }, 'Accounts have email addresses that are not canonical: npm run users -- clashes.');
}

/** Lets failed logins last as long as those of imported passwords, which other systems hashed. The start does not wait for it. */
async function learnForeignHashes({ db, passwords, log }: GatewayDeps): Promise<void> {
  try {
    await passwords.learn(await sampleForeignHashes(db));
  } catch (err) {
    log.warn({ err }, 'The time that imported password hashes take could not be measured.');
  }
}

/** Makes what HTTP, GraphQL and flows need, on open connections. Commands that run flows use it too. */
export async function wire(config: RunnableConfig, pools: Pools, log: Log): Promise<GatewayDeps> {
  const { db, priorityDb, queueDelayMs } = pools;
  const keyEncryption = createKeyEncryption(config.keyEncryptionKeys);
  const hashGate = createHashGate({
    concurrency: config.passwords.hashConcurrency,
    queue: config.passwords.hashQueue,
    longestWaitMs: LONGEST_WAIT_MS,
  });
  return {
    config,
    log,
    db,
    priority: { db: priorityDb, signer: createSigner({ db: priorityDb, keyEncryption, config }) },
    waiting: { queueDelayMs, longestWaitMs: LONGEST_WAIT_MS },
    bodyBudget: createBodyBudget(config.http),
    hashGate,
    passwords: await createPasswordHasher(hashGate, {
      log,
      findSignerKey: createSignerKeyFinder(db, keyEncryption),
    }),
    keyEncryption,
    signer: createSigner({ db, keyEncryption, config }),
    findPublicKey: createPublicKeyFinder(db),
    refreshTokens: createRefreshTokens(config.keyEncryptionKeys),
    codes: createCodeMaker(config.keyEncryptionKeys),
    deviceMarks: createDeviceMarks(config.keyEncryptionKeys),
    rateLimiter: createRateLimiter(db, config.limits),
    refusedSecrets: createRefusedSecrets({
      ...{ db, log, enabled: config.limits.enabled },
      limit: config.limits.internalSecretPerAddress,
    }),
    leakedPasswords: createLeakedPasswords(config.leakedPasswords, {
      outbound: createOutbound({ allow: config.outbound.allowPrivate, withinMs: LEAKS_WITHIN_MS }),
      log,
    }),
    captcha: createCaptcha(config.captcha, log),
    providers: createProviders(
      config.providers,
      createOutbound({ allow: config.outbound.allowPrivate, ...PROVIDER_BOUNDS }).fetch,
    ),
    claims: createClaimsReader({ db, log, config }),
    readClientAddress: createClientAddressReader(config.http),
    mailInbox: config.mail.delivery === 'inbox' ? createMailInbox() : null,
  };
}

function startMailWorker(
  config: RunnableConfig,
  deps: GatewayDeps,
  templates: MailTemplates,
  database: DatabaseAccess,
): JobWorker {
  const { db, log, mailInbox, codes } = deps;
  const transport = createMailTransport(config, log, mailInbox);
  const deliver = createDeliverTask({
    ...{ db, log, templates, transport, codes, config },
    tokenDeriver: createSecretDeriver(config.keyEncryptionKeys, 'one-time token', 'pot'),
  });
  const worker = startJobWorker({
    ...{ db, log },
    database: { ...database, statementTimeoutMs: config.database.statementTimeoutMs },
    tasks: { [MAIL_TASK]: deliver },
    concurrency: config.mail.concurrency,
    applicationName: 'portcullis-mail',
  });
  return {
    async stop() {
      await worker.stop();
      transport.close();
    },
  };
}

/** Starts a worker of its own for webhooks, so that slow endpoints do not delay mails. Null without endpoints. */
function startWebhookWorker(
  { webhooks, database: { statementTimeoutMs } }: RunnableConfig,
  { db, log }: GatewayDeps,
  database: DatabaseAccess,
): JobWorker | null {
  if (webhooks.urls.length === 0) return null;
  return startJobWorker({
    ...{ db, log },
    database: { ...database, statementTimeoutMs },
    tasks: createWebhookTasks({ webhooks, log }),
    // Every endpoint can use all of its lanes at once.
    concurrency: LANES * webhooks.urls.length,
    applicationName: 'portcullis-webhooks',
  });
}

/** Text messages that a replica delivers at once. */
const SMS_CONCURRENCY = 4;

/** Starts a worker of its own for text messages, so that a slow provider does not delay mails. Null without SMS_PROVIDER. */
function startSmsWorker(
  config: RunnableConfig,
  { db, log, codes, mailInbox: inbox }: GatewayDeps,
  database: DatabaseAccess,
): JobWorker | null {
  const outbound = createOutbound({ allow: config.outbound.allowPrivate });
  const sender = createSmsSender(config, { outbound, inbox });
  if (sender === null) return null;
  return startJobWorker({
    ...{ db, log },
    database: { ...database, statementTimeoutMs: config.database.statementTimeoutMs },
    tasks: { [SMS_TASK]: createSmsTask({ db, log, sender, codes, config }) },
    concurrency: SMS_CONCURRENCY,
    applicationName: 'portcullis-sms',
  });
}

/**
 * Starts the rounds of housekeeping. Each round starts after the one before has ended: a slow database must not get more and
 * more work. Returns a function that stops them.
 */
function startHousekeeping(deps: GatewayDeps): () => Promise<void> {
  const every = deps.config.housekeepingSeconds * 1000;
  let stopped = false;
  let round: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout;
  const schedule = () => {
    // Spreads the rounds of replicas that started together.
    timer = setTimeout(run, every * (0.75 + Math.random() / 2));
    timer.unref();
  };
  const run = () => {
    round = keepHouse(deps)
      .catch((error: unknown) => deps.log.error({ err: error }, 'Housekeeping failed.'))
      .then(() => {
        if (!stopped) schedule();
      });
  };
  schedule();
  return () => {
    stopped = true;
    clearTimeout(timer);
    return round;
  };
}
