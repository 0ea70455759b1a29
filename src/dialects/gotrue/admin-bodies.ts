import { z } from 'zod';
import { isUuid } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import type { CreateAccountInput } from '../../flows/admin/create-user.ts';
import type { UpdateAccountInput } from '../../flows/admin/update-user.ts';
import type { ProfileChanges } from '../../flows/shared/profile-changes.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Account, findAccount } from '../../users/accounts.ts';
import { requireUuid } from './bodies.ts';
import { emailExists, refuse, validationFailed } from './errors.ts';
import { parseGoDuration } from './go-duration.ts';
import { userObject } from './objects.ts';

const METADATA = z.record(z.string(), z.unknown());
const optionalText = (description: string) => z.string().optional().meta({ description });
const flag = (description: string) => z.boolean().default(false).meta({ description });

/** A user as an administrator sends it. GoTrue takes an empty text for one that is missing. */
export const AdminUserBody = z.object({
  id: optionalText('A UUID. The gateway makes one otherwise.'),
  email: optionalText('The address.'),
  phone: optionalText('The phone number.'),
  password: optionalText('The password. Without it the user has none.'),
  password_hash: optionalText(
    'The hash that another system made of the password: bcrypt, argon2, Firebase’s scrypt.',
  ),
  email_confirm: flag('Whether the address counts as confirmed.'),
  phone_confirm: flag('Whether the number counts as confirmed.'),
  user_metadata: METADATA.optional().meta({ description: 'What the user may change, too.' }),
  app_metadata: METADATA.optional().meta({ description: 'What only an administrator changes.' }),
  role: optionalText('The claim `role` of the user’s tokens. Not one of GOTRUE_ADMIN_ROLES.'),
  aud: optionalText('The audience: GOTRUE_JWT_AUDIENCE.'),
  ban_duration: optionalText('How long the user is banned, as Go spells it: `24h`. `none` lifts a ban.'),
});
type Body = z.output<typeof AdminUserBody>;

const given = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text);

/** The path of a user. */
export const userPath = z.object({ userId: z.string().meta({ description: 'A UUID.' }) });

/** The user in a path. @throws AuthError `validation_failed` (404) */
export const requireUserId = ({ userId }: z.output<typeof userPath>): string =>
  requireUuid(userId, 'user_id');

const NIL = '00000000-0000-0000-0000-000000000000';

/** The id that a new user gets. @throws AuthError `validation_failed` */
function idOf({ id: inBody }: Body, inPath: string | null): string | null {
  const id = given(inBody)?.toLowerCase() ?? inPath;
  if (id === null) return null;
  if (!isUuid(id)) throw validationFailed('ID must conform to the uuid v4 format');
  if (id === NIL) throw validationFailed('ID cannot be a nil uuid');
  if (inPath !== null && id !== inPath)
    throw refuse(422, 'validation_failed', 'The id in the body differs from the id in the path');
  return id;
}

/** Until when a ban lasts; `lifted` for none. Null if the body does not say. @throws AuthError `validation_failed` */
function banOf({ ban_duration: text = '' }: Body): Date | 'lifted' | null {
  if (text === '') return null;
  if (text === 'none') return 'lifted';
  const milliseconds = parseGoDuration(text);
  if (milliseconds === null)
    throw validationFailed(
      `invalid format for ban duration: time: invalid duration ${JSON.stringify(text.slice(0, 64))}`,
    );
  return milliseconds <= 0 ? 'lifted' : new Date(Date.now() + milliseconds);
}

/** The gateway has one audience. @throws AuthError `validation_failed` */
function requireAudience({ config }: GatewayDeps, { aud }: Body): void {
  const asked = given(aud);
  if (asked !== null && asked !== config.gotrue.audience)
    throw validationFailed(`aud: must be ${config.gotrue.audience}`);
}

function profileOf({ user_metadata, app_metadata, role, email_confirm }: Body): ProfileChanges {
  // GoTrue notes a confirmed address in the metadata, too.
  const userMetadata = email_confirm ? { ...user_metadata, email_verified: true } : user_metadata;
  return { userMetadata, appMetadata: app_metadata, tokenRole: given(role) ?? undefined };
}

/** What creates the user of a body. @throws AuthError `validation_failed` */
export function creationOf(deps: GatewayDeps, body: Body, inPath: string | null): CreateAccountInput {
  const id = idOf(body, inPath);
  const [email, phone] = [given(body.email), given(body.phone)];
  if (email === null && phone === null)
    throw validationFailed('Cannot create a user without either an email or phone');
  const [password, passwordHash] = [given(body.password), given(body.password_hash)];
  if (password !== null && passwordHash !== null)
    throw validationFailed('Only a password or a password hash should be provided');
  requireAudience(deps, body);
  const ban = banOf(body);
  return {
    ...{ id, email, phone, password, passwordHash, ...profileOf(body) },
    emailVerified: email !== null && body.email_confirm,
    phoneVerified: phone !== null && body.phone_confirm,
    bannedUntil: ban === 'lifted' ? null : ban,
  };
}

/** What a body changes of a user. @throws AuthError `validation_failed` */
export function changesOf(deps: GatewayDeps, body: Body): Omit<UpdateAccountInput, 'userId'> {
  requireAudience(deps, body);
  return {
    ...{ email: given(body.email), phone: given(body.phone), password: given(body.password) },
    ...profileOf(body),
    emailVerified: body.email_confirm || null,
    phoneVerified: body.phone_confirm || null,
    ban: banOf(body),
  };
}

export const userNotFound = (): AuthError => refuse(404, 'user_not_found', 'User not found');

/** The account of a user. @throws AuthError `user_not_found` */
export async function requireAccount(deps: GatewayDeps, userId: string): Promise<Account> {
  const account = await findAccount(deps, userId);
  if (account === null) throw userNotFound();
  return account;
}

/** The user as a client reads it. @throws AuthError `user_not_found` */
export const answerOf = async (deps: GatewayDeps, userId: string): Promise<Record<string, unknown>> =>
  userObject(await requireAccount(deps, userId), deps.config);

/** GoTrue's names of what the flows for accounts throw, by code and attribute. */
const spellings: Readonly<Record<string, () => AuthError>> = {
  'already_registered email': emailExists,
  'already_registered id': () =>
    refuse(422, 'user_already_exists', 'A user with this id has already been registered'),
  'phone_taken phone': () => refuse(422, 'phone_exists', 'Phone number already registered by another user'),
  'already_registered newEmail': emailExists,
  'required email': () => validationFailed('An email address is required'),
  'required newEmail': () => validationFailed('An email address is required'),
  'invalid newEmail': () => validationFailed('Unable to validate email address: invalid format'),
  'required password': () => validationFailed('Signup requires a valid password'),
  'not_found email': () => refuse(404, 'user_not_found', 'User with this email not found'),
  'feature_disabled null': () =>
    validationFailed('Enable secure email change to generate link for current email'),
  'invalid passwordHash': () => validationFailed('password_hash: The gateway verifies no hash of this kind'),
  'invalid phoneVerified': () => validationFailed('phone_confirm: The user has no phone number'),
  'invalid emailVerified': () => validationFailed('email_confirm: The user has no address'),
  'invalid phone': () => validationFailed('Invalid phone number format (E.164 required)'),
  'not_found userId': userNotFound,
};

/** Runs a flow for an account, and spells its errors as GoTrue does for administrators. */
export async function spelled<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    const spelling = error instanceof AuthError ? spellings[`${error.code} ${error.attribute}`] : undefined;
    throw spelling?.() ?? error;
  }
}
