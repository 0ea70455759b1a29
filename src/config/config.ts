import { accountChangeConfig } from './groups/account-changes.ts';
import { accountConfig } from './groups/accounts.ts';
import { captchaConfig, captchaProblems } from './groups/captcha.ts';
import { claimsConfig } from './groups/claims.ts';
import { codeConfig } from './groups/codes.ts';
import { databaseConfig } from './groups/database.ts';
import { ensConfig } from './groups/ens.ts';
import { gotrueConfig } from './groups/gotrue.ts';
import { inviteConfig } from './groups/invites.ts';
import { rateConfig, rateProblems } from './groups/limits.ts';
import { mailConfig, mailLimitConfig } from './groups/mail.ts';
import { outboundConfig } from './groups/outbound.ts';
import { passwordConfig, passwordProblems } from './groups/passwords.ts';
import { personalTokenConfig } from './groups/personal-tokens.ts';
import { providerConfig, providerProblems } from './groups/providers.ts';
import { requestConfig } from './groups/requests.ts';
import { roleConfig, roleProblems } from './groups/roles.ts';
import { secondFactorConfig } from './groups/second-factors.ts';
import { secretConfig } from './groups/secrets.ts';
import { serverConfig } from './groups/server.ts';
import { serviceRoleConfig } from './groups/service-role.ts';
import { smsConfig, smsLimitConfig, smsProblems } from './groups/sms.ts';
import { cookieProblems, keyLifeProblems, tokenConfig } from './groups/tokens.ts';
import { upkeepConfig } from './groups/upkeep.ts';
import { webhookConfig, webhookProblems } from './groups/webhooks.ts';
import type { Environment } from './variables.ts';

/** Makes the configuration from the variables. */
export const toConfig = (e: Environment) => ({
  ...serverConfig(e),
  ...databaseConfig(e),
  ...secretConfig(e),
  ...serviceRoleConfig(e),
  ...tokenConfig(e),
  ...accountConfig(e),
  ...accountChangeConfig(e),
  ...roleConfig(e),
  ...claimsConfig(e),
  ...gotrueConfig(e),
  ...providerConfig(e),
  ...codeConfig(e),
  ...captchaConfig(e),
  ...passwordConfig(e),
  limits: { ...rateConfig(e), ...mailLimitConfig(e), ...smsLimitConfig(e) },
  ...inviteConfig(e),
  ...personalTokenConfig(e),
  ...secondFactorConfig(e),
  ...requestConfig(e),
  ...ensConfig(e),
  ...mailConfig(e),
  ...smsConfig(e),
  ...outboundConfig(e),
  ...webhookConfig(e),
  ...upkeepConfig(e),
});

/** The type, deeply read-only. */
type Frozen<T> = T extends Uint8Array ? T : { readonly [Key in keyof T]: Frozen<T[Key]> };

/** The gateway's configuration. `groups/` makes and describes its parts. */
export type Config = Frozen<ReturnType<typeof toConfig>>;

export type EnsConfig = Config['ens'];
export type KeyConfig = Config['keys'];
export type SmsConfig = Config['sms'];
/** A provider by which people sign in. It holds secrets. */
export type ProviderSettings = Config['providers'][number];
export type WebhookConfig = Config['webhooks'];
export type ClaimsConfig = NonNullable<Config['claims']>;
export type LeakedPasswordsConfig = NonNullable<Config['leakedPasswords']>;
export type CaptchaConfig = NonNullable<Config['captcha']>;
/** An operation that can require a captcha. */
export type CaptchaPurpose = CaptchaConfig['purposes'][number];

/** Finds problems between variables that are each valid. */
export const problemsOf = (e: Environment): string[] =>
  [
    rateProblems,
    cookieProblems,
    keyLifeProblems,
    captchaProblems,
    roleProblems,
    passwordProblems,
    smsProblems,
    webhookProblems,
    providerProblems,
  ].flatMap((problems) => problems(e));
