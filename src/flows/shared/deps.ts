import type { Captcha } from '../../captcha/captcha.ts';
import type { ClaimsReader } from '../../claims/claims.ts';
import type { Config } from '../../config/config.ts';
import type { HashGate } from '../../crypto/hash-gate.ts';
import type { KeyEncryption } from '../../crypto/key-encryption.ts';
import type { PasswordHasher } from '../../crypto/passwords/hasher.ts';
import type { Database } from '../../db/client.ts';
import type { PublicKeyFinder, Signer } from '../../keys/signing.ts';
import type { LeakedPasswords } from '../../leaked-passwords/leaked-passwords.ts';
import type { RateLimiter } from '../../limits/rate-limits.ts';
import type { Log } from '../../log.ts';
import type { CodeMaker } from '../../one-time-codes/code-maker.ts';
import type { Providers } from '../../providers/providers.ts';
import type { DeviceMarks } from '../../sessions/device-marks.ts';
import type { RefreshTokens } from '../../sessions/refresh-token-format.ts';

/** What flows work with. app.ts makes it, once. A domain's operation names the few of these that it needs. */
export type Deps = Readonly<{
  config: Config;
  log: Log;
  db: Database;
  hashGate: HashGate;
  passwords: PasswordHasher;
  /** Knows the passwords of data leaks. */
  leakedPasswords: LeakedPasswords;
  keyEncryption: KeyEncryption;
  signer: Signer;
  findPublicKey: PublicKeyFinder;
  refreshTokens: RefreshTokens;
  /** Makes and checks mailed codes. */
  codes: CodeMaker;
  /** Marks browsers, for their cookie. */
  deviceMarks: DeviceMarks;
  rateLimiter: RateLimiter;
  captcha: Captcha;
  /** The providers by which people sign in. */
  providers: Providers;
  /** Reads claims from the application's data; null without CLAIMS_SQL. */
  claims: ClaimsReader | null;
}>;
