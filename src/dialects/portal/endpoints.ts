import { z } from 'zod';
import { listContractAddresses, refreshContractAddresses } from '../../ens/contract-addresses.ts';
import { AuthError } from '../../errors.ts';
import type { SignedIn } from '../../flows/sign-in/complete-sign-in.ts';
import { login } from '../../flows/sign-in/login.ts';
import { signup } from '../../flows/sign-in/signup.ts';
import { deleteExpiredKeys, generateJwk } from '../../keys/jwks.ts';
import { identifyCaller } from '../../request/caller.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint, optionalText, text } from '../endpoint.ts';

const EMAIL = text('The email address.', 'alice@worldidbot.com');
const PASSWORD = text('The password.', '12345678');
const CAPTCHA = optionalText('The solved captcha, where one is asked for.');
const Token = z.object({ token: z.string().meta({ description: 'A JWT: of the team where there is one.' }) });

/** The portal has one token: of the team where there is one. */
const portalToken = ({ accessToken, teamToken }: SignedIn) => ({ token: teamToken ?? accessToken });

/** Its clients hold nothing else: the token lives longer, and does all that an access token does. */
const portalTokens = ({ config }: GatewayDeps) =>
  ({ ttlSeconds: config.tokens.portalTtlSeconds, kind: 'portal' }) as const;

/** A moment as the portal prints it: `2023-06-14T06:29:35.794+00:00`. */
const portalMoment = (moment: Date): string => moment.toISOString().replace('Z', '+00:00');

/** The developer portal's endpoints for everybody: login, signup and the contract addresses. */
export const portalEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/api/v1/login',
    operationId: 'portalLogin',
    dialect: 'Portal',
    summary: 'Signs in',
    body: z.object({ email: EMAIL, password: PASSWORD, captcha_token: CAPTCHA }),
    answers: { 200: { description: 'Signed in.', schema: Token } },
    errors: [
      ...(['captcha_failed', 'invalid_credentials', 'account_disabled', 'email_not_verified'] as const),
      ...(['rate_limited', 'busy', 'no_signing_key'] as const),
    ],
    async handle(c, request, { captcha_token: captchaToken = '', ...credentials }) {
      const input = { ...credentials, captchaToken, ...portalTokens(deps) };
      return c.json(portalToken(await login(deps, identifyCaller(deps, request), input)));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/v1/signup',
    operationId: 'portalSignup',
    dialect: 'Portal',
    summary: 'Registers a person and their team',
    body: z.object({
      email: EMAIL,
      password: PASSWORD,
      name: text("The person's name.", 'Bob'),
      team_name: text('The name of the team to make.', 'The Bob Project'),
      captcha_token: CAPTCHA,
    }),
    answers: { 201: { description: 'Registered and signed in.', schema: Token } },
    errors: [
      'min_length',
      'max_length',
      'already_registered',
      'signup_disabled',
      'email_not_verified',
      'rate_limited',
      'busy',
      'no_signing_key',
    ],
    async handle(c, request, { team_name: teamName, captcha_token: captchaToken = '', ...person }) {
      const team = { teamName, teamNameAttribute: 'team_name' };
      const input = { ...person, ...team, captchaToken, ...portalTokens(deps) };
      return c.json(portalToken(await signup(deps, identifyCaller(deps, request), input)), 201);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/v1/contracts',
    operationId: 'listContracts',
    dialect: 'Portal',
    summary: 'The contract addresses that ENS last gave',
    answers: {
      200: {
        description: 'Production first.',
        schema: z.array(z.object({ key: z.string(), value: z.string() })),
      },
    },
    async handle(c) {
      const addresses = await listContractAddresses(deps);
      return c.json(addresses.map(({ key, value }) => ({ key, value })));
    },
  }),
];

/** What only Hasura may call. A request's body is never read. */
export const internalEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/api/_ens',
    operationId: 'refreshEns',
    dialect: 'Keys',
    summary: 'Looks the ENS names up and stores the contract addresses',
    security: 'internalSecret',
    answers: {
      200: { description: 'Stored.', schema: z.object({ success: z.literal(true) }) },
      500: {
        description: 'Nothing stored.',
        schema: z.object({ success: z.literal(false), error: z.string() }),
      },
    },
    async handle(c) {
      try {
        await refreshContractAddresses(deps);
        return c.json({ success: true });
      } catch (error) {
        if (!(error instanceof AuthError) || !error.code.startsWith('ens_')) throw error;
        deps.log.warn({ code: error.code }, 'The ENS lookup failed.');
        return c.json({ success: false, error: error.message }, 500);
      }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/_jwk-gen',
    operationId: 'generateJwk',
    dialect: 'Keys',
    summary: 'Makes a signing key',
    security: 'internalSecret',
    answers: {
      201: {
        description: 'Published; signs once every verifier has it.',
        schema: z.object({
          success: z.literal(true),
          jwk: z.object({ id: z.string(), expires_at: z.string(), __typename: z.literal('jwks') }),
        }),
      },
    },
    errors: ['too_many_keys'],
    async handle(c) {
      const { id, expiresAt } = await generateJwk(deps);
      deps.log.info({ keyId: id }, 'A signing key was generated by request.');
      return c.json(
        { success: true, jwk: { id, expires_at: portalMoment(expiresAt), __typename: 'jwks' } },
        201,
      );
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/_delete-jwks',
    operationId: 'deleteExpiredJwks',
    dialect: 'Keys',
    summary: 'Deletes keys that expired so long ago that no token of theirs can be valid',
    security: 'internalSecret',
    answers: { 204: { description: 'Done.' } },
    async handle(c) {
      await deleteExpiredKeys(deps);
      return c.body(null, 204);
    },
  }),
];
