import { z } from 'zod';
import { takesPhones } from '../../flows/shared/phone-codes.ts';
import { weaknessOf } from '../../flows/shared/weak-password.ts';
import { exchangeCode } from '../../flows/sign-in/exchange-code.ts';
import { login } from '../../flows/sign-in/login.ts';
import { refresh } from '../../flows/sign-in/refresh.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import type { Incoming } from '../endpoint.ts';
import type { RouteContext } from '../routes.ts';
import { answerSession } from './answers.ts';
import { tokenErrors } from './bearer.ts';
import { captchaOf, EMAIL, PASSWORD, PHONE, SECURITY } from './bodies.ts';
import { refuse, respell, validationFailed, weakMessage } from './errors.ts';
import { providerTokensObject } from './objects.ts';

/** What the grants read. */
export const TokenBody = z.object({
  email: EMAIL,
  phone: PHONE,
  password: PASSWORD,
  refresh_token: z.string().default('').meta({ description: 'The refresh token of a session.' }),
  auth_code: z.string().default('').meta({ description: 'The code with which a PKCE flow led back.' }),
  code_verifier: z.string().default('').meta({ description: 'The verifier of the challenge of PKCE.' }),
  provider: z.string().default('').meta({ description: 'The provider of an ID token.' }),
  id_token: z.string().default('').meta({ description: 'An ID token, which works once.' }),
  access_token: z.string().default('').meta({ description: 'The access token that came with the ID token.' }),
  nonce: z
    .string()
    .default('')
    .meta({ description: 'The nonce whose SHA-256, in hexadecimal, the ID token holds.' }),
  issuer: z
    .string()
    .default('')
    .meta({ description: 'The issuer of an ID token, in place of its provider.' }),
  link_identity: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether the signed-in person links the identity.' }),
  gotrue_meta_security: SECURITY,
});

/** A request at `/token`. */
type Call = Incoming & { body: z.output<typeof TokenBody> };

/** What a client gives for a session. */
export type Grant = (deps: GatewayDeps, call: Call, c: RouteContext) => Promise<Response>;

const FORM = { form: 'gotrue' } as const;

/** A password, and an address or a number. */
export const passwordGrant: Grant = async (deps, { caller, body }, c) => {
  const { email, phone, password, gotrue_meta_security: security } = body;
  if (email !== '' && phone !== '')
    throw validationFailed('Only an email address or phone number should be provided on login.');
  if (email === '' && phone === '') throw validationFailed('missing email or phone');
  if (phone !== '' && !takesPhones(deps))
    throw refuse(422, 'phone_provider_disabled', 'Phone logins are disabled');
  // No account has an empty password.
  if (password === '') throw refuse(400, 'invalid_credentials', 'Invalid login credentials');
  const name = phone === '' ? { email } : { email: '', phone };
  const signedIn = await respell(
    login(deps, caller, { ...name, password, ...captchaOf(security), ...FORM }),
    {
      account_disabled: () => refuse(400, 'user_banned', 'User is banned'),
    },
  );
  const weakness = weaknessOf(deps, password);
  const weak_password = weakness && { ...weakness, message: weakMessage(weakness.message) };
  return answerSession(deps, c, signedIn, { weak_password });
};

/** A refresh token. */
export const refreshGrant: Grant = async (deps, { caller, body }, c) => {
  const { refresh_token: refreshToken } = body;
  if (refreshToken === '') throw validationFailed('Refresh token is not valid');
  const signedIn = await respell(refresh(deps, caller, { refreshToken, ...FORM }), {
    account_disabled: () => refuse(400, 'user_banned', 'Invalid Refresh Token: User Banned'),
    email_not_verified: tokenErrors.notConfirmed,
  });
  if (!signedIn.isRepeat) c.header('sb-auth-refresh-token-reuse', 'false');
  return answerSession(deps, c, signedIn);
};

/** The code of a PKCE flow, and its verifier. */
export const pkceGrant: Grant = async (deps, { caller, body }, c) => {
  const { auth_code: code, code_verifier: codeVerifier } = body;
  if (code === '' || codeVerifier === '')
    throw validationFailed('invalid request: both auth code and code verifier should be non-empty');
  const { providerTokens, ...signedIn } = await respell(
    exchangeCode(deps, caller, { code, codeVerifier, ...FORM }),
    {
      invalid_token: ({ details }) =>
        details.reason === 'expired'
          ? refuse(422, 'flow_state_expired', 'invalid flow state, flow state has expired')
          : refuse(404, 'flow_state_not_found', 'invalid flow state, no valid flow state found'),
    },
  );
  return answerSession(
    deps,
    c,
    signedIn,
    providerTokens === null ? {} : providerTokensObject(providerTokens),
  );
};

/** The signature of a wallet, which another dialect takes. */
export const web3Grant: Grant = async () => {
  throw refuse(422, 'web3_provider_disabled', 'Web3 provider is disabled');
};
