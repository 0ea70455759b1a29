import { z } from 'zod';
import { accountVariables } from './environment/accounts.ts';
import { ensVariables } from './environment/ens.ts';
import { limitVariables } from './environment/limits.ts';
import { mailVariables } from './environment/mail.ts';
import { requestVariables } from './environment/requests.ts';
import { serverVariables } from './environment/server.ts';
import { tokenVariables } from './environment/tokens.ts';
import { upkeepVariables } from './environment/upkeep.ts';

/** Every variable the gateway reads. README's table is generated from the descriptions and defaults here. */
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
