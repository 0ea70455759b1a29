import type { Captcha } from '../../captcha/captcha.ts';
import type { EnsConfig } from '../../config/ens.ts';
import type { KeySettings } from '../../config/key-schedule.ts';
import type { Config } from '../../config/read-config.ts';
import type { HashGate } from '../../crypto/hash-gate.ts';
import type { KeyEncryption } from '../../crypto/key-encryption.ts';
import type { PasswordHasher } from '../../crypto/passwords.ts';
import type { Database } from '../../db/client.ts';
import type { PublicKeyFinder, Signer } from '../../keys/signing.ts';
import type { BodyBudget } from '../../limits/body-budget.ts';
import type { RateLimiter } from '../../limits/rate-limits.ts';
import type { RefusedSecrets } from '../../limits/refused-secrets.ts';
import type { Log } from '../../log.ts';
import type { MailInbox } from '../../mail/inbox.ts';
import type { ClientAddressReader } from '../../request/client-address.ts';
import type { DeviceMarks } from '../../sessions/device-marks.ts';
import type { RefreshTokens } from '../../sessions/refresh-token.ts';
import type { SessionSettings } from '../../sessions/sessions.ts';
import type { TokenSettings } from '../../sessions/tokens.ts';

/** What app.ts wires, once. Operations name the few of these that they need; flows and edges take them all. */
export type Deps = Readonly<{
  config: Config;
  log: Log;
  db: Database;
  /** A connection of its own for the JWKS, and for `/ready` in a crowd, so that they do not wait behind others. */
  priority: { db: Database; signer: Signer };
  /** How long new work would wait for the database, and how long it may: in milliseconds. */
  waiting: { queueDelayMs: () => number; longestWaitMs: number };
  bodyBudget: BodyBudget;
  hashGate: HashGate;
  passwords: PasswordHasher;
  keyEncryption: KeyEncryption;
  keys: KeySettings;
  signer: Signer;
  findPublicKey: PublicKeyFinder;
  tokens: TokenSettings;
  sessions: SessionSettings;
  refreshTokens: RefreshTokens;
  /** Marks browsers, for their cookie. */
  deviceMarks: DeviceMarks;
  rateLimiter: RateLimiter;
  refusedSecrets: RefusedSecrets;
  captcha: Captcha;
  readClientAddress: ClientAddressReader;
  ens: EnsConfig;
  /** Where mails stay that have no mail server to go to; null where there is one. */
  mailInbox: MailInbox | null;
}>;
