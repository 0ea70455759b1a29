import { z } from 'zod';
import { isUuid } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { challengeFactor } from '../../flows/second-factor/challenge-factor.ts';
import { enrollFactor } from '../../flows/second-factor/enroll-factor.ts';
import { removeFactor } from '../../flows/second-factor/remove-factor.ts';
import { verifyFactor } from '../../flows/second-factor/verify-factor.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { answerSession } from './answers.ts';
import { requireFirstFactor, userErrors, userToken } from './bearer.ts';
import { requireUuid } from './bodies.ts';
import { refuse, respell, validationFailed } from './errors.ts';
import { SessionSchema } from './schemas.ts';

const TEXT = z.string().default('');
const factorPath = z.object({ factorId: z.string().meta({ description: 'The id of the factor.' }) });

const EnrollAnswer = z.object({
  id: z.uuid(),
  type: z.literal('totp'),
  friendly_name: z.string(),
  totp: z.object({
    qr_code: z.string().meta({ description: 'The URI as a QR code, in SVG.' }),
    secret: z.string().meta({ description: 'The secret in base32.' }),
    uri: z.string(),
  }),
});
const ChallengeAnswer = z.object({
  id: z.uuid(),
  type: z.literal('totp'),
  expires_at: z.int().meta({ description: 'Seconds since 1970.' }),
});
const RemoveAnswer = z.object({ id: z.uuid() });

/** The id of a factor from the path. @throws AuthError `validation_failed` (404) */
export const parseFactorId = ({ factorId }: { factorId: string }): string =>
  requireUuid(factorId, 'factor_id');

export const factorNotFound = (): AuthError => refuse(404, 'mfa_factor_not_found', 'Factor not found');

/** GoTrue's kinds of factors that this gateway does not have. */
function requireTotp(type: string): void {
  if (type === 'phone') throw refuse(422, 'mfa_phone_enroll_not_enabled', 'MFA enroll is disabled for Phone');
  if (type === 'webauthn')
    throw refuse(422, 'mfa_webauthn_enroll_not_enabled', 'MFA enroll is disabled for WebAuthn');
  if (type !== 'totp') throw validationFailed('factor_type needs to be totp, phone, or webauthn');
}

/** The second factor: authenticator apps. */
export const factorEndpoints = (deps: GatewayDeps): Endpoint[] => [
  enroll(deps),
  challenge(deps),
  verify(deps),
  unenroll(deps),
];

const enroll = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/factors',
    docs: {
      operationId: 'goTrueEnrollFactor',
      summary: 'Enrol an authenticator app',
      description: 'It counts for nothing until its first code is verified. A user may have 10.',
      security: userToken,
      answers: { 200: { description: 'The app, with its secret.', schema: EnrollAnswer } },
      errors: [
        ...userErrors,
        nameTaken('…'),
        'max_length',
        'too_many_factors',
        needsAal2ToEnroll(),
        'rate_limited',
      ],
    },
    authenticate: (incoming) => requireFirstFactor(deps, incoming),
    body: z.object({
      factor_type: TEXT.meta({ description: '`totp`.' }),
      friendly_name: TEXT.meta({ description: 'A name for the list of factors.' }),
      issuer: TEXT.meta({ description: 'The name of the application in the app.' }),
    }),
    async handle({ by, body }, c) {
      requireTotp(body.factor_type);
      const { friendly_name: name, issuer } = body;
      if (issuer.length > 255) throw validationFailed('issuer: Must be at most 255 characters long.');
      const input = { name, nameAttribute: 'friendly_name', issuer, replacesUnverified: false };
      const { factor, secret, uri, qrCode } = await respell(enrollFactor(deps, by, input), {
        second_factor_required: needsAal2ToEnroll,
        factor_name_taken: () => nameTaken(name.trim()),
      });
      const totp = { qr_code: qrCode, secret, uri };
      return c.json({ id: factor.id, type: 'totp', friendly_name: factor.name ?? '', totp });
    },
  });

const needsAal2ToEnroll = (): AuthError =>
  refuse(403, 'insufficient_aal', 'AAL2 required to enroll a new factor');

const nameTaken = (name: string): AuthError =>
  refuse(
    422,
    'mfa_factor_name_conflict',
    `A factor with the friendly name ${JSON.stringify(name)} for this user already exists`,
  );

const challenge = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/factors/:factorId/challenge',
    docs: {
      operationId: 'goTrueChallengeFactor',
      summary: 'Begin to show a code of an authenticator app',
      description: 'The session answers within five minutes.',
      security: userToken,
      answers: { 200: { description: 'The challenge.', schema: ChallengeAnswer } },
      errors: [...userErrors, factorNotFound(), 'rate_limited'],
    },
    authenticate: (incoming) => requireFirstFactor(deps, incoming),
    params: factorPath,
    async handle({ by, params }, c) {
      const factorId = parseFactorId(params);
      const made = await respell(challengeFactor(deps, by, { factorId }), { not_found: factorNotFound });
      const expiresAt = Math.floor(made.expiresAt.getTime() / 1000);
      return c.json({ id: made.id, type: 'totp', expires_at: expiresAt });
    },
  });

const verify = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/factors/:factorId/verify',
    docs: {
      operationId: 'goTrueVerifyFactor',
      summary: 'Show a code of an authenticator app',
      description:
        'The session is replaced by one at level aal2. The first code of an app activates it: other sessions of the user that did not show a second factor end.',
      security: userToken,
      answers: { 200: { description: 'The new session.', schema: SessionSchema } },
      errors: [
        ...[...userErrors, factorNotFound(), challengeExpired('…')],
        ...(['invalid_second_factor', 'invalid_challenge', 'second_factor_required'] as const),
        ...(['rate_limited', 'no_signing_key', 'claims_failed'] as const),
      ],
    },
    authenticate: (incoming) => requireFirstFactor(deps, incoming),
    params: factorPath,
    body: z.object({
      challenge_id: TEXT.meta({ description: 'The id of the challenge.' }),
      code: TEXT.meta({ description: 'The code of six digits that the app shows.' }),
    }),
    async handle({ by, params, body }, c) {
      const factorId = parseFactorId(params);
      const { challenge_id: challengeId, code } = body;
      if (challengeId !== '' && !isUuid(challengeId))
        throw new AuthError('invalid_json', {
          attribute: 'challenge_id',
          message: 'challenge_id is not a UUID.',
        });
      const input = { factorId, challengeId, code, form: 'gotrue' } as const;
      const signedIn = await respell(verifyFactor(deps, by, input), {
        not_found: factorNotFound,
        required: () => validationFailed('Code needs to be non-empty'),
        challenge_expired: () => challengeExpired(challengeId),
      });
      return answerSession(deps, c, signedIn);
    },
  });

const challengeExpired = (id: string): AuthError =>
  refuse(
    422,
    'mfa_challenge_expired',
    `MFA challenge ${id} has expired, verify against another challenge or create a new challenge.`,
  );

const needsAal2ToUnenroll = (): AuthError =>
  refuse(422, 'insufficient_aal', 'AAL2 required to unenroll verified factor');

const unenroll = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'DELETE',
    path: '/factors/:factorId',
    docs: {
      operationId: 'goTrueUnenrollFactor',
      summary: 'Remove an authenticator app',
      description: 'The sessions of the user go on at level aal1, unless another app is left.',
      security: userToken,
      answers: { 200: { description: 'The id of the removed app.', schema: RemoveAnswer } },
      errors: [...userErrors, factorNotFound(), needsAal2ToUnenroll()],
    },
    authenticate: (incoming) => requireFirstFactor(deps, incoming),
    params: factorPath,
    async handle({ by, params }, c) {
      const factorId = parseFactorId(params);
      await respell(removeFactor(deps, by, { factorId }), {
        not_found: factorNotFound,
        second_factor_required: needsAal2ToUnenroll,
      });
      return c.json({ id: factorId });
    },
  });
