import { z } from 'zod';
import type { IssuedTokens } from '../../sessions/tokens.ts';
import { optionalText, text } from '../texts.ts';

export const EMAIL = text('The email address.', 'alice@example.com');
export const PASSWORD = text('The password.', 'correct horse');
export const CAPTCHA_DESCRIPTION = 'The solution of the captcha, if the gateway asks for one.';
export const CAPTCHA = optionalText(CAPTCHA_DESCRIPTION);

export const Tokens = z.object({
  userToken: z.string().meta({ description: "The user token: the user's access token." }),
  vaultToken: z
    .string()
    .nullable()
    .meta({ description: 'The vault token: the token of the active team. Null if the user has no team.' }),
  refreshToken: z
    .string()
    .nullable()
    .meta({ description: 'The new refresh token. Null if the one that the client holds stays valid.' }),
});
export const Status = z.object({ status: z.literal('ok') });

export const tokensAnswer = (tokens: IssuedTokens, refreshToken: string | null): z.output<typeof Tokens> => ({
  userToken: tokens.accessToken,
  vaultToken: tokens.teamToken,
  refreshToken,
});
