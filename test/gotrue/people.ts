import { newPerson, type Person, type SignedInAnswer, signUp, type TestGateway } from '../support/gateway.ts';

export type Member = SignedInAnswer & { person: Person };

/** Signs a person up by GraphQL, whose address counts as verified from then on. */
export async function verifiedPerson(gateway: TestGateway): Promise<Member> {
  const person = newPerson();
  const signedIn = await signUp(gateway, person);
  await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${signedIn.user.id}`;
  return { ...signedIn, person };
}
