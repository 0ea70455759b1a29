import { expect } from 'vitest';
import type { TestSmtp } from '../mail/smtp.ts';
import { bearer, newPerson, post, SIGNUP, type SignedInAnswer } from './gateway.ts';

type Answer = {
  data: { signup?: SignedInAnswer; refresh?: SignedInAnswer } | null;
  errors?: { extensions: { code: string } }[];
};

const REFRESH = `mutation Refresh($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken } }`;
const LOGOUT = `mutation Logout($input: LogoutInput) { logout(input: $input) { sessionsEnded } }`;
const ME_BY_NAME = `query Me { me { email name createdAt } }`;

const ask = async (url: string, query: string, variables: object, headers = {}): Promise<Answer> =>
  (await post(`${url}/graphql`, { query, variables }, headers)).body as Answer;

/**
 * Runs a person's everyday calls over HTTP, and expects that each succeeds. The person signs up, gets a mail, refreshes one
 * token in four tabs at once, and logs out.
 */
export async function liveThroughADay(url: string, smtp: TestSmtp): Promise<void> {
  const person = newPerson({ name: 'Zoë \\ O’Neil' });
  const signedUp = await ask(url, SIGNUP, { input: person });
  expect(signedUp.errors).toBeUndefined();
  const { accessToken, refreshToken } = signedUp.data!.signup!;
  const me = await ask(url, ME_BY_NAME, {}, bearer(accessToken));
  expect(me).toMatchObject({
    data: {
      me: { email: person.email, name: person.name, createdAt: expect.stringMatching(/^20\d\d-.*Z$/) },
    },
  });

  const refreshed = await Promise.all(
    Array.from({ length: 4 }, () => ask(url, REFRESH, { input: { refreshToken } })),
  );
  expect(refreshed.flatMap(({ errors }) => errors?.map(({ extensions }) => extensions.code) ?? [])).toEqual(
    [],
  );
  const successors = refreshed.map(({ data }) => data!.refresh!.refreshToken);
  expect(new Set(successors).size).toBe(1);

  await expect.poll(() => smtp.mails.some(({ to }) => to.includes(person.email))).toBe(true);

  const input = { scope: 'GLOBAL' };
  expect(await ask(url, LOGOUT, { input }, bearer(accessToken))).toEqual({
    data: { logout: { sessionsEnded: 1 } },
  });
  const afterwards = await ask(url, REFRESH, { input: { refreshToken: successors[0] } });
  expect(afterwards.errors?.[0]?.extensions.code).toBe('invalid_refresh_token');
}
