import { randomBytes } from 'node:crypto';
import type { Session, SupabaseClient, User } from '@supabase/supabase-js';
import type { Stage } from './stage.ts';

export type Person = { email: string; password: string };

/** A person with an address of their own. */
export const newPerson = (): Person => ({
  email: `person-${randomBytes(6).toString('hex')}@example.com`,
  password: 'Correct-horse-1',
});

/** The data of an answer of the stock client. An error is thrown. */
export async function succeed<A extends { data: unknown; error: unknown }>(
  answer: Promise<A>,
): Promise<Extract<A, { error: null }>['data']> {
  const { data, error } = await answer;
  if (error !== null) throw error;
  return data;
}

type ApiError = { name: string; message: string; status?: number | undefined; code?: string | undefined };

/** The error of an answer of the stock client, as its users read it. */
export async function failure(answer: Promise<{ error: ApiError | null }>): Promise<ApiError> {
  const { error } = await answer;
  if (error === null) throw new Error('The call should have failed.');
  const { name, message, status, code } = error;
  return { name, message, status, code };
}

/** Waits for a call that answers no data. An error is thrown. */
export async function complete(answer: Promise<{ error: ApiError | null }>): Promise<void> {
  const { error } = await answer;
  if (error !== null) throw new Error(`${error.code}: ${error.message}`);
}

/** An account with a proven address and a password, which an administrator makes. */
export async function createPerson(stage: Stage, person = newPerson()): Promise<Person & { id: string }> {
  const admin = await stage.admin();
  const { user } = await succeed(admin.auth.admin.createUser({ ...person, email_confirm: true }));
  return { ...person, id: user.id };
}

export type SignedIn = { client: SupabaseClient; user: User; session: Session };

/** A new account that is signed in with its password. */
export async function signIn(
  stage: Stage,
  { email, password }: Person,
  client = stage.client(),
): Promise<SignedIn> {
  const { user, session } = await succeed(client.auth.signInWithPassword({ email, password }));
  return { client, user, session };
}

/** A new person with a proven address who is signed in. */
export async function newSignedIn(stage: Stage): Promise<SignedIn & { person: Person }> {
  const person = await createPerson(stage);
  return { ...(await signIn(stage, person)), person };
}
