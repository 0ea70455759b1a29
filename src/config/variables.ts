import { z } from 'zod';
import { accountVariables } from './variables/accounts.ts';
import { ensVariables } from './variables/ens.ts';
import { limitVariables } from './variables/limits.ts';
import { mailVariables } from './variables/mail.ts';
import { requestVariables } from './variables/requests.ts';
import { serverVariables } from './variables/server.ts';
import { tokenVariables } from './variables/tokens.ts';
import { upkeepVariables } from './variables/upkeep.ts';

/** Every variable the gateway reads. The table in README.md of this folder is generated from the descriptions and defaults here. */
export const environment = z.object({
  ...serverVariables,
  ...tokenVariables,
  ...accountVariables,
  ...limitVariables,
  ...requestVariables,
  ...ensVariables,
  ...mailVariables,
  ...upkeepVariables,
});

export type Environment = z.output<typeof environment>;
