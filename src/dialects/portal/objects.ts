import { z } from 'zod';
import type { SignedIn } from '../../flows/shared/complete-sign-in.ts';

export const Token = z.object({
  token: z
    .string()
    .meta({ description: "A JWT: the team's token if the user has a team, else the access token." }),
});

/** The portal has one token: the team's if the user has a team. */
export const portalToken = ({ accessToken, teamToken }: SignedIn): z.output<typeof Token> => ({
  token: teamToken ?? accessToken,
});

export const ContractAddresses = z.array(z.object({ key: z.string(), value: z.string() }));
