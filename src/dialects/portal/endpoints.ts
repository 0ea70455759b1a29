import { z } from 'zod';
import { listContractAddresses } from '../../ens/contract-addresses.ts';
import { login } from '../../flows/sign-in/login.ts';
import { signup } from '../../flows/sign-in/signup.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { configuredCors } from '../cors.ts';
import type { Dialect } from '../dialect.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { gatewayError, newPasswordErrors, spellGatewayError } from '../errors.ts';
import { optionalText, text } from '../texts.ts';
import { ContractAddresses, portalToken, Token } from './objects.ts';

/** The developer portal's endpoints for everybody: login, sign-up and the contract addresses. */
export const portal: Dialect = {
  name: 'portal',
  isEnabled: ({ dialects }) => dialects.includes('portal'),
  prefix: '/api',
  spellError: spellGatewayError,
  cors: configuredCors,
  bodies: { nullIsMissing: true },
  docs: { tag: 'Portal', description: "The developer portal's login and sign-up.", errors: [gatewayError] },
  endpoints,
};

const EMAIL = text('The email address.', 'alice@worldidbot.com');
const PASSWORD = text('The password.', '12345678');
const INVITATION = optionalText(
  'The token of an invitation to this address: the last part of the mailed link. Required with SIGNUP=invited.',
);
const CAPTCHA = optionalText('The solution of the captcha, if the gateway asks for one.');

/** Its clients hold nothing else: the token lives longer, and does all that an access token does. */
const portalTokens = ({ config }: GatewayDeps) =>
  ({ ttlSeconds: config.tokens.portalTtlSeconds, kind: 'portal' }) as const;

function endpoints(deps: GatewayDeps): Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/login',
      docs: {
        operationId: 'portalLogin',
        summary: 'Sign in',
        answers: { 200: { description: 'The user is signed in.', schema: Token } },
        errors: [
          ...(['captcha_failed', 'invalid_credentials', 'account_disabled', 'email_not_verified'] as const),
          ...(['rate_limited', 'busy', 'no_signing_key', 'claims_failed'] as const),
        ],
      },
      body: z.object({ email: EMAIL, password: PASSWORD, captcha_token: CAPTCHA }),
      async handle({ caller, body: { captcha_token: captchaToken = '', ...credentials } }, c) {
        const captcha = { captchaToken, captchaAttribute: 'captcha_token' };
        const input = { ...credentials, ...captcha, ...portalTokens(deps) };
        return c.json(portalToken(await login(deps, caller, input)));
      },
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/signup',
      docs: {
        operationId: 'portalSignup',
        summary: 'Sign up, and make a team',
        answers: { 201: { description: 'The user is registered and signed in.', schema: Token } },
        errors: [
          ...newPasswordErrors,
          ...(['already_registered', 'signup_disabled', 'invalid_token', 'email_not_verified'] as const),
          ...(['rate_limited', 'busy', 'unavailable', 'no_signing_key', 'claims_failed'] as const),
        ],
      },
      body: z.object({
        email: EMAIL,
        password: PASSWORD,
        name: text("The user's name.", 'Bob'),
        team_name: text('The name of the team to make.', 'The Bob Project'),
        captcha_token: CAPTCHA,
        invitation_token: INVITATION,
      }),
      async handle({ caller, body }, c) {
        const { team_name: teamName, captcha_token: captchaToken = '', ...others } = body;
        const { invitation_token: invitationToken = '', ...person } = others;
        const invitation = { invitationToken, invitationTokenAttribute: 'invitation_token' };
        const team = { teamName, teamNameAttribute: 'team_name' };
        const captcha = { captchaToken, captchaAttribute: 'captcha_token' };
        const input = { ...person, ...team, ...invitation, ...captcha, ...portalTokens(deps) };
        return c.json(portalToken(await signup(deps, caller, input)), 201);
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/contracts',
      docs: {
        operationId: 'listContracts',
        summary: 'List the contract addresses that ENS gave last',
        answers: { 200: { description: 'The addresses, production first.', schema: ContractAddresses } },
      },
      async handle(_call, c) {
        const addresses = await listContractAddresses(deps);
        return c.json(addresses.map(({ key, value }) => ({ key, value })));
      },
    }),
  ];
}
