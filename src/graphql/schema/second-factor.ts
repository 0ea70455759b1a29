import { parseId } from '../../db/uuid.ts';
import { activateTotp } from '../../flows/second-factor/activate-totp.ts';
import { enrollFactor } from '../../flows/second-factor/enroll-factor.ts';
import { disableTotp } from '../../flows/second-factor/remove-factor.ts';
import { renewRecoveryCodes } from '../../flows/second-factor/renew-recovery-codes.ts';
import { listFactors, type SecondFactor } from '../../second-factors/factors.ts';
import { findRecoveryCodesLeft } from '../../second-factors/recovery-codes.ts';
import { builder } from '../builder.ts';
import { ACCOUNT_HOLDER, paragraphs } from '../descriptions.ts';
import { requireAccountHolder } from '../viewer.ts';
import { type AuthAnswer, AuthPayload, answerSignIn, COOKIE_CODES } from './auth-payload.ts';
import { FRESHNESS, freshnessFields, withFreshness } from './freshness.ts';
import { OkPayload, ok } from './ok-payload.ts';

/** The codes of a wrong code. */
export const WRONG =
  '`invalid_second_factor` (`code`, `recoveryCode`: it is wrong, or was used before), `rate_limited` (after five wrong ones)';
/** The codes of what makes tokens. */
export const TOKENS = '`no_signing_key`, `claims_failed`';

const SecondFactorType = builder.objectRef<SecondFactor>('SecondFactor');

SecondFactorType.implement({
  description: 'A second factor of a user: an authenticator app that shows codes (TOTP).',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of the second factor, a UUID.' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The name that the user gave it. Null if it has none.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was enrolled.' }),
    verifiedAt: t.expose('verifiedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When `totpActivate` got its first code. Null before that: it counts for nothing then.',
    }),
  }),
});

builder.queryField('secondFactors', (t) =>
  t.field({
    type: [SecondFactorType],
    description: paragraphs(
      'The second factors of the current user, the oldest first; at most 10.',
      `Error codes: ${ACCOUNT_HOLDER}.`,
    ),
    resolve: async (_root, _args, { deps, caller }) =>
      listFactors(deps.db, (await requireAccountHolder(caller)).user.id),
  }),
);

builder.queryField('recoveryCodesLeft', (t) =>
  t.int({
    description: paragraphs(
      'How many recovery codes the current user has not used. 0 without a second factor.',
      `Error codes: ${ACCOUNT_HOLDER}.`,
    ),
    resolve: async (_root, _args, { deps, caller }) =>
      findRecoveryCodesLeft(deps.db, (await requireAccountHolder(caller)).user.id),
  }),
);

const TotpEnrollInput = builder.inputType('TotpEnrollInput', {
  description: 'Input of `totpEnroll`: a name, and what shows that the user themselves asks.',
  fields: (t) => ({
    name: t.string({
      description: 'A name for the list: 1 to 255 characters. No two apps of a user have the same name.',
    }),
    ...freshnessFields(t),
  }),
});

type TotpEnrollAnswer = { factor: SecondFactor; secret: string; uri: string; qrCode: string };
const TotpEnrollPayload = builder.objectRef<TotpEnrollAnswer>('TotpEnrollPayload');

TotpEnrollPayload.implement({
  description: 'The answer of `totpEnroll`. The gateway shows the secret only this once.',
  fields: (t) => ({
    uri: t.exposeString('uri', {
      description: 'The `otpauth://` URI, which holds the secret. An authenticator app opens it.',
    }),
    secret: t.exposeString('secret', {
      description: 'The secret in base32, for a user who types it into the app.',
    }),
    qrCode: t.string({
      description: 'The URI as a QR code, an SVG image in a `data:` URI, for `<img src>`.',
      resolve: ({ qrCode }) => `data:image/svg+xml;base64,${Buffer.from(qrCode).toString('base64')}`,
    }),
    factor: t.expose('factor', {
      type: SecondFactorType,
      description: 'The second factor as `secondFactors` lists it.',
    }),
  }),
});

builder.mutationField('totpEnroll', (t) =>
  t.field({
    type: TotpEnrollPayload,
    description: paragraphs(
      'Enrols an authenticator app for the current user. Nothing changes until `totpActivate` gets its first code, within an hour.',
      'Show the QR code. The user scans it with the app and types the code that the app shows. A call replaces earlier apps that wait for their first code.',
      'If the last sign-in is older than 15 minutes (FRESH_SIGN_IN), show `currentPassword` or `code` too. A user with a second factor must have shown it in this session.',
      `Error codes: ${ACCOUNT_HOLDER}, \`max_length\` (\`name\`), \`invalid\` (\`name\`), \`factor_name_taken\` (\`name\`), \`too_many_factors\` (more than 10), \`required\` (\`currentPassword\`), ${FRESHNESS}, \`rate_limited\`, \`busy\`.`,
    ),
    args: {
      input: t.arg({
        type: TotpEnrollInput,
        description: 'A name, and what shows that the user themselves asks.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) =>
      enrollFactor(deps, await requireAccountHolder(caller), {
        name: input?.name ?? '',
        replacesUnverified: true,
        proof: withFreshness(input ?? {}),
      }),
  }),
);

const TotpActivateInput = builder.inputType('TotpActivateInput', {
  description: 'Input of `totpActivate`: the first code.',
  fields: (t) => ({
    code: t.string({ required: true, description: 'The code of six digits that the app shows.' }),
    cookie: t.boolean({
      description: 'If true, the gateway puts the new refresh token into an httpOnly cookie. See `login`.',
    }),
  }),
});

type TotpActivateAnswer = { recoveryCodes: string[] | null; auth: AuthAnswer };
const TotpActivatePayload = builder.objectRef<TotpActivateAnswer>('TotpActivatePayload');

TotpActivatePayload.implement({
  description: 'The answer of `totpActivate`.',
  fields: (t) => ({
    recoveryCodes: t.exposeStringList('recoveryCodes', {
      nullable: true,
      description:
        'Ten recovery codes, each good for one sign-in without the app. The gateway shows them only this once. Null if the user has some already: `recoveryCodes` renews them.',
    }),
    auth: t.expose('auth', {
      type: AuthPayload,
      description: 'The new tokens. Those that the client holds have ended: store these.',
    }),
  }),
});

builder.mutationField('totpActivate', (t) =>
  t.field({
    type: TotpActivatePayload,
    description: paragraphs(
      'Activates the authenticator app that `totpEnroll` enrolled, by its first code. From now on every sign-in of the user needs the second factor.',
      'The session gets a new id and new tokens at level `aal2`. All other sessions of the user that did not show a second factor end. So do personal access tokens that were created without one. The gateway mails a notice.',
      'On `not_found`, no app waits for its first code: call `totpEnroll` again.',
      `Error codes: ${ACCOUNT_HOLDER}, \`not_found\`, \`required\` (\`code\`), ${WRONG}, \`second_factor_required\`, \`busy\`, ${TOKENS}, ${COOKIE_CODES}.`,
    ),
    args: { input: t.arg({ type: TotpActivateInput, required: true, description: 'The first code.' }) },
    resolve: async (_root, { input }, context): Promise<TotpActivateAnswer> => {
      const { deps, caller } = context;
      const auth = await answerSignIn(context, input, async () =>
        activateTotp(deps, await requireAccountHolder(caller), { code: input.code }),
      );
      return { recoveryCodes: auth.recoveryCodes, auth };
    },
  }),
);

const TotpDisableInput = builder.inputType('TotpDisableInput', {
  description: 'Input of `totpDisable`: a fresh second factor.',
  fields: (t) => ({
    code: t.string({ description: 'A code of an authenticator app of the user.' }),
    recoveryCode: t.string({ description: 'A recovery code, in place of `code`.' }),
    id: t.id({
      description: 'The id of the one app to remove, as `SecondFactor.id`. All of them unless given.',
    }),
  }),
});

builder.mutationField('totpDisable', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Removes the authenticator apps of the current user. Without an app a sign-in needs one factor again, and the recovery codes end.',
      'The sessions of the user go on. Call `refresh` for a token of the new level. The gateway mails a notice.',
      `Error codes: ${ACCOUNT_HOLDER}, \`not_found\` (the user has no second factor; or not this one: \`id\`), \`invalid\` (\`id\`), \`required\` (\`code\`), ${WRONG}, \`second_factor_required\`, \`busy\`.`,
    ),
    args: {
      input: t.arg({ type: TotpDisableInput, required: true, description: 'A fresh second factor.' }),
    },
    resolve: async (_root, { input: { code, recoveryCode, id } }, { deps, caller }) => {
      const viewer = await requireAccountHolder(caller);
      const shown = { code: code ?? '', recoveryCode: recoveryCode ?? '' };
      await disableTotp(deps, viewer, { ...shown, factorId: id ? parseId(id, 'id') : null });
      return ok;
    },
  }),
);

const RecoveryCodesInput = builder.inputType('RecoveryCodesInput', {
  description: 'Input of `recoveryCodes`: a fresh code.',
  fields: (t) => ({
    code: t.string({ required: true, description: 'A code of an authenticator app of the user.' }),
  }),
});

const RecoveryCodesPayload = builder.objectRef<{ recoveryCodes: string[] }>('RecoveryCodesPayload');

RecoveryCodesPayload.implement({
  description: 'The answer of `recoveryCodes`.',
  fields: (t) => ({
    recoveryCodes: t.exposeStringList('recoveryCodes', {
      description: 'Ten new recovery codes. The gateway shows them only this once.',
    }),
  }),
});

builder.mutationField('recoveryCodes', (t) =>
  t.field({
    type: RecoveryCodesPayload,
    description: paragraphs(
      'Renews the recovery codes of the current user. The earlier ones stop working.',
      `Error codes: ${ACCOUNT_HOLDER}, \`not_found\` (the user has no second factor), \`required\` (\`code\`), ${WRONG}, \`second_factor_required\` (if this session did not show the second factor), \`busy\`.`,
    ),
    args: { input: t.arg({ type: RecoveryCodesInput, required: true, description: 'A fresh code.' }) },
    resolve: async (_root, { input }, { deps, caller }) => ({
      recoveryCodes: await renewRecoveryCodes(deps, await requireAccountHolder(caller), input),
    }),
  }),
);
