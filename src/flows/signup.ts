import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { enqueueMail } from '../mail/queue.ts';
import { openSession } from '../sessions/sessions.ts';
import { createTeam } from '../teams/teams.ts';
import { checkNewPassword, parseEmail, parseName } from '../users/attributes.ts';
import { createUser } from '../users/users.ts';
import { callerLimit } from './limits.ts';
import { type Caller, completeSignIn, firstMissing, type SignedIn } from './sign-in.ts';

export type SignupInput = {
  email: string;
  password: string;
  name: string;
  /** Null: no team is made. */
  teamName: string | null;
};

/** What an edge adds: how long the tokens live, and how it spells the team's name. */
type SignupOptions = { ttlSeconds?: number; teamNameAttribute?: string };

/**
 * Registers a person: the user, their password, their team (they are its OWNER), their first session and the mail that
 * confirms their address, all in one transaction. The database decides who gets a contested address.
 *
 * @throws AuthError `signup_disabled`; then in this order `required`, `min_length` or `max_length` (password), `invalid`
 * (email), `max_length` or `invalid` (names), `rate_limited`, `busy`, `already_registered`
 */
export async function signup(
  deps: Deps,
  caller: Caller,
  input: SignupInput,
  { ttlSeconds = deps.tokens.accessTtlSeconds, teamNameAttribute = 'teamName' }: SignupOptions = {},
): Promise<SignedIn> {
  if (!deps.config.signup) throw new AuthError('signup_disabled');
  const { email, name, teamName } = validate(deps, input, teamNameAttribute);
  await deps.rateLimiter.consume([callerLimit(deps, 'signup', caller)]);

  const key = await deps.signer.currentKey(ttlSeconds);
  const passwordHash = await deps.passwords.hash(input.password);
  const { user, session } = await deps.db.transaction(async (tx) => {
    const user = await createUser(tx, { email, name, passwordHash });
    if (teamName !== null) await createTeam(tx, { name: teamName, ownerId: user.id });
    await enqueueMail(tx, { kind: 'verification', userId: user.id });
    return {
      user,
      session: await openSession(tx, deps.sessions, { userId: user.id, device: caller, action: 'signup' }),
    };
  });
  return completeSignIn(deps, { user, session, key, ttlSeconds });
}

function validate(deps: Deps, input: SignupInput, teamNameAttribute: string) {
  const missing = firstMissing({
    email: input.email.trim(),
    password: input.password,
    name: input.name.trim(),
    ...(input.teamName !== null && { [teamNameAttribute]: input.teamName.trim() }),
  });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  checkNewPassword(input.password, deps.config.passwords.minLength);
  const email = parseEmail(input.email);
  const name = parseName(input.name, 'name');
  const teamName = input.teamName === null ? null : parseName(input.teamName, teamNameAttribute);
  return { email, name, teamName };
}
