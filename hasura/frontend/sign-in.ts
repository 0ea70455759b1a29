import { anonymous, client } from './client';
import { LoginDocument, MeDocument } from './operations';
import { store } from './session';

export async function signIn(email: string, password: string) {
  const { login } = await anonymous.request(LoginDocument, { input: { email, password } });
  store(login);
  const { me } = await client.request(MeDocument);
  return me?.memberships.map(({ team }) => team.name);
}
