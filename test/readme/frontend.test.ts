import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openScene, type Scene } from './scene.ts';
import { codeOf, NEW_TEAM, type Stage, signUp } from './stage.ts';
import type { Tab } from './tabs.ts';

// The files of hasura/frontend, run unchanged except for Hasura's address.

let scene: Scene;
let stage: Stage;
let tab: Tab;
beforeAll(async () => {
  scene = await openScene();
  stage = scene.stage;
});
afterAll(() => scene.close());
beforeEach(async () => {
  tab = await scene.openTab();
});
afterEach(() => scene.reset());

const clients = [
  ['plain fetch', (page: Tab) => page.query],
  ['graphql-request', (page: Tab) => (document: string) => page.client.request(document)],
] as const;

describe.each(clients)('a client with %s', (_name, queryOf) => {
  test('reads the signed-up person and only their own rows in one query', async () => {
    await signUp(tab);
    tab.store();
    const ada = await signUp(tab);
    const { user } = tab.stored();
    expect(await queryOf(tab)(tab.MINE)).toEqual({
      me: { id: user?.id, email: ada.email, name: ada.name },
      portcullis_sessions: [{ id: expect.any(String), created_at: expect.any(String) }],
    });
  });

  test('refreshes an expired token, stores both new tokens and repeats the request', async () => {
    await signUp(tab);
    for (const round of [1, 2]) {
      await stage.expire(tab);
      const old = tab.stored();
      const team = { createTeam: { team: { name: 'Analytical' } } };
      expect(await queryOf(tab)(NEW_TEAM)).toEqual(team);
      expect(stage.sent('Refresh')).toBe(round);
      expect(tab.stored().accessToken).not.toBe(old.accessToken);
      expect(tab.stored().refreshToken).not.toBe(old.refreshToken);
    }
    const { me } = await queryOf(tab)('{ me { memberships { team { name } } } }');
    const names = (me as { memberships: { team: { name: string } }[] }).memberships.map((m) => m.team.name);
    expect(names.sort()).toEqual(['Analytical', 'Analytical', 'Engines']);
    expect(stage.sent('Refresh')).toBe(2);
  });

  test('shares one refresh among ten concurrent requests with an expired token', async () => {
    await signUp(tab);
    await stage.expire(tab);
    const answers = await Promise.all(Array.from({ length: 10 }, () => queryOf(tab)(tab.MINE)));
    for (const { me } of answers) expect(me).toMatchObject({ id: tab.stored().user?.id });
    expect(stage.sent('Refresh')).toBe(1);
  });

  test('passes on invalid-jwt and signs out when the session has ended', async () => {
    await signUp(tab);
    await stage.expire(tab);
    const { user } = tab.stored();
    await stage.gateway
      .sql`update portcullis.sessions set revoked_at = now() where user_id = ${user?.id ?? ''}`;
    expect(await codeOf(queryOf(tab)(tab.MINE))).toBe('invalid-jwt');
    expect(tab.stored()).toEqual({});
    expect(await queryOf(tab)('{ me { id } }')).toEqual({ me: null });
    expect(stage.sent('Refresh')).toBe(1);
  });
});

describe('a login', () => {
  test('replaces a stored expired token', async () => {
    const { email, password } = await signUp(tab);
    await stage.expire(tab);
    const old = tab.stored();
    await tab.login({ email, password });
    expect(tab.stored()).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      user: old.user ?? null,
    });
    expect(tab.stored().accessToken).not.toBe(old.accessToken);
    expect(await tab.query('{ me { email } }')).toEqual({ me: { email } });
    expect(stage.sent('Refresh')).toBe(0);
  });

  test('works with a typed document', async () => {
    const { email, password } = await signUp(tab, { teamName: 'Looms' });
    const { user } = tab.stored();
    await signUp(tab);
    await stage.expire(tab);
    expect(await tab.signIn(email, password)).toEqual(['Looms']);
    expect(tab.stored().user).toEqual(user);
    expect(stage.sent('Refresh')).toBe(0);
  });

  test('or sign-up that fails has the gateway’s code and attribute', async () => {
    const person = await signUp(tab);
    const { email } = person;
    const refused = await tab.login({ email, password: 'wrong' }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ message: 'Invalid email or password.', code: 'invalid_credentials' });
    const taken = await tab.signup(person).catch((error: unknown) => error);
    expect(taken).toMatchObject({ code: 'already_registered', attribute: 'email' });
  });
});

describe('a logout', () => {
  test('deletes the stored tokens and ends the session', async () => {
    await signUp(tab);
    const tokens = tab.stored();
    await tab.logout();
    expect(tab.stored()).toEqual({});
    expect(await tab.query('{ me { id } }')).toEqual({ me: null });
    tab.store(tokens);
    expect(await codeOf(tab.query('{ sessions { id } }'))).toBe('unauthenticated');
  });

  test('works with an expired token, and a second time', async () => {
    await signUp(tab);
    await stage.expire(tab);
    const { user } = tab.stored();
    await tab.logout();
    await tab.logout();
    const open = await stage.gateway.sql`
      select id from portcullis.sessions where user_id = ${user?.id ?? ''} and revoked_at is null`;
    expect(open).toHaveLength(0);
    expect([stage.sent('Logout'), stage.sent('Refresh')]).toEqual([1, 0]);
  });

  test('that cannot reach Hasura throws, and works on a second try', async () => {
    await signUp(tab);
    const tokens = tab.stored();
    const { fetch } = globalThis;
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('fetch failed')));
    await expect(tab.logout()).rejects.toThrow('fetch failed');
    vi.stubGlobal('fetch', fetch);
    expect(tab.stored()).toEqual(tokens);
    await tab.logout();
    expect(tab.stored()).toEqual({});
    tab.store(tokens);
    expect(await codeOf(tab.query('{ sessions { id } }'))).toBe('unauthenticated');
  });
});

test('a refresh without an answer times out, and the next request refreshes again', async () => {
  tab = await scene.openTab((code) => code.replace('timeout(20_000)', 'timeout(500)'));
  await signUp(tab);
  await stage.expire(tab);
  stage.recorder.script({ text: '', silent: true });
  await expect(tab.query(tab.MINE)).rejects.toThrow(/timeout/i);
  stage.recorder.script(null);
  expect(await tab.query(tab.MINE)).toMatchObject({ me: { id: tab.stored().user?.id } });
});

test.for(['<html>Bad gateway</html>', 'null', '{"errors":[]}'])(
  'fetchSignedIn returns an answer that is not GraphQL unchanged: %s',
  async (text) => {
    await signUp(tab);
    const { fetch } = globalThis;
    vi.stubGlobal('fetch', async () => new Response(text, { status: 502 }));
    const response = await tab.fetchSignedIn().finally(() => vi.stubGlobal('fetch', fetch));
    expect([response.status, await response.text()]).toEqual([502, text]);
  },
);
