import { z } from 'zod';
import { accountChangeVariables } from './groups/account-changes.ts';
import { accountVariables } from './groups/accounts.ts';
import { captchaVariables } from './groups/captcha.ts';
import { claimsVariables } from './groups/claims.ts';
import { codeVariables } from './groups/codes.ts';
import { databaseVariables } from './groups/database.ts';
import { ensVariables } from './groups/ens.ts';
import { gotrueVariables } from './groups/gotrue.ts';
import { inviteVariables } from './groups/invites.ts';
import { rateVariables } from './groups/limits.ts';
import { mailVariables } from './groups/mail.ts';
import { outboundVariables } from './groups/outbound.ts';
import { passwordVariables } from './groups/passwords.ts';
import { personalTokenVariables } from './groups/personal-tokens.ts';
import { providerVariables } from './groups/providers.ts';
import { requestVariables } from './groups/requests.ts';
import { roleVariables } from './groups/roles.ts';
import { secondFactorVariables } from './groups/second-factors.ts';
import { secretVariables } from './groups/secrets.ts';
import { serverVariables } from './groups/server.ts';
import { serviceRoleVariables } from './groups/service-role.ts';
import { smsVariables } from './groups/sms.ts';
import { tokenVariables } from './groups/tokens.ts';
import { upkeepVariables } from './groups/upkeep.ts';
import { webhookVariables } from './groups/webhooks.ts';

/** Every variable that the gateway reads. The table in this folder's README.md is generated from their declarations. */
export const environment = z.object({
  ...serverVariables,
  ...databaseVariables,
  ...secretVariables,
  ...serviceRoleVariables,
  ...tokenVariables,
  ...accountVariables,
  ...accountChangeVariables,
  ...roleVariables,
  ...claimsVariables,
  ...gotrueVariables,
  ...providerVariables,
  ...codeVariables,
  ...captchaVariables,
  ...passwordVariables,
  ...rateVariables,
  ...inviteVariables,
  ...personalTokenVariables,
  ...secondFactorVariables,
  ...requestVariables,
  ...ensVariables,
  ...mailVariables,
  ...smsVariables,
  ...outboundVariables,
  ...webhookVariables,
  ...upkeepVariables,
});

export type Environment = z.output<typeof environment>;
