import { z } from 'zod';
import type { AuthError } from '../../errors.ts';
import { requestReauthentication } from '../../flows/account/request-reauthentication.ts';
import { updateAccount } from '../../flows/account/update-account.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { answerUser } from './answers.ts';
import { requireUser, userErrors, userToken } from './bearer.ts';
import { CHANNEL, challengeIn, PKCE, REDIRECT_QUERY, redirectsOf, requireEmailLength } from './bodies.ts';
import { emailExists, refuse, respell, validationFailed } from './errors.ts';
import { UserSchema } from './schemas.ts';

const UpdateBody = z.object({
  email: z.string().default('').meta({
    description: 'Another address. The change is pending until it is confirmed by the mailed codes.',
  }),
  phone: z.string().default('').meta({
    description: 'Another phone number. The change is pending until `/verify` gets the code of the message.',
  }),
  channel: CHANNEL,
  password: z.string().optional().meta({
    description: 'Another password. It ends the other sessions, and retires what was mailed before.',
  }),
  current_password: z.string().default('').meta({
    description: 'The present password, where REQUIRE_CURRENT_PASSWORD asks for it.',
  }),
  nonce: z.string().default('').meta({
    description: 'The code of `/reauthenticate`, where REQUIRE_REAUTHENTICATION asks for it.',
  }),
  data: z.record(z.string(), z.unknown()).optional().meta({
    description: '`user_metadata`: it is merged, and null deletes a key. At most 16 KB together.',
  }),
  app_metadata: z.record(z.string(), z.unknown()).optional().meta({
    description: 'Only an administrator changes it: see `/admin/users`.',
  }),
  ...PKCE,
});

type Update = z.output<typeof UpdateBody>;

const CURRENT_PASSWORD = 'Current password required when setting new password.';

/** The names of errors that GoTrue spells so at this endpoint only. */
const names = {
  already_registered: emailExists,
  phone_taken: () => refuse(422, 'phone_exists', 'A user with this phone number has already been registered'),
  feature_disabled: () => refuse(400, 'phone_provider_disabled', 'Unsupported phone provider'),
  required: () => refuse(400, 'current_password_required', CURRENT_PASSWORD),
  invalid_credentials: () => refuse(400, 'current_password_invalid', CURRENT_PASSWORD),
  invalid: (error: AuthError) =>
    error.attribute === 'password' ? refuse(422, 'validation_failed', error.message) : error,
};

/** What a body changes. An empty address or number changes nothing; an empty password is a weak one. */
const changesIn = ({ email, phone, channel, password, ...body }: Update) => ({
  email: email === '' ? null : email,
  phone: phone === '' ? null : { number: phone, channel },
  password:
    password === undefined ? null : { password, currentPassword: body.current_password, nonce: body.nonce },
  userMetadata: body.data ?? null,
  userMetadataAttribute: 'data',
  codeChallenge: challengeIn(body),
});

const update = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'PUT',
    path: '/user',
    docs: {
      operationId: 'goTrueUpdateUser',
      summary: 'Change the signed-in person',
      description:
        'All changes or none. With SECURE_EMAIL_CHANGE the present address has to confirm another one too. Attributes that are not listed change nothing.',
      security: userToken,
      answers: { 200: { description: 'The person, with what is pending.', schema: UserSchema } },
      errors: [
        ...userErrors,
        ...(['second_factor_required', 'min_length', 'same_password', 'reauthentication_needed'] as const),
        ...(['reauthentication_not_valid', 'rate_limited', 'invalid'] as const),
        ...[names.already_registered(), names.phone_taken(), names.feature_disabled()],
        ...[names.required(), names.invalid_credentials()],
        refuse(403, 'not_admin', 'Updating app_metadata requires admin privileges'),
      ],
    },
    authenticate: (incoming) => requireUser(deps, incoming),
    query: z.object(REDIRECT_QUERY),
    body: UpdateBody,
    async handle({ by, request, query, body }, c) {
      if (body.app_metadata !== undefined)
        throw refuse(403, 'not_admin', 'Updating app_metadata requires admin privileges');
      requireEmailLength(body.email);
      const changes = { ...changesIn(body), redirects: redirectsOf(request, query) };
      await respell(updateAccount(deps, by, changes), names);
      return answerUser(deps, c, by.user.id);
    },
  });

const reauthenticate = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'GET',
    path: '/reauthenticate',
    changesState: true,
    docs: {
      operationId: 'goTrueReauthenticate',
      summary: 'Send the signed-in person a code',
      description:
        'It goes to the address, or to the phone number of a person without an address. `PUT /user` takes it as `nonce`, once.',
      security: userToken,
      answers: { 200: { description: 'The message is on its way.', schema: z.object({}) } },
      errors: [...userErrors, 'email_not_verified', 'phone_not_verified', 'rate_limited'],
    },
    authenticate: (incoming) => requireUser(deps, incoming),
    async handle({ by }, c) {
      await respell(requestReauthentication(deps, by), {
        required: ({ message }) => validationFailed(message),
        email_not_verified: () => refuse(422, 'email_not_confirmed', 'Please verify your email first.'),
        phone_not_verified: () => refuse(422, 'phone_not_confirmed', 'Please verify your phone first.'),
        feature_disabled: names.feature_disabled,
      });
      return c.json({});
    },
  });

/** Changes of the signed-in person. */
export const updateEndpoints = (deps: GatewayDeps): Endpoint[] => [update(deps), reauthenticate(deps)];
