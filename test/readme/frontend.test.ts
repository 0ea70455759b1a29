import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { codeOf, openStage, type Stage, signUp } from './stage.ts';
import { type Browser, memoryStorage, startBrowser, type Tab } from './tabs.ts';

// What README, "From your frontend", shows, run as it stands there: only Hasura's address is replaced.

let stage: Stage;
let browser: Browser;
let tab: Tab;
const storage = memoryStorage();
beforeAll(async () => {
  vi.stubGlobal('localStorage', storage);
  stage = await openStage();
  browser = startBrowser(stage.hasuraUrl);
});
afterAll(async () => {
  vi.unstubAllGlobals();
  await browser?.close();
  await stage?.close();
});
beforeEach(async () => {
  tab = await browser.openTab();
});
afterEach(() => {
  storage.clear();
  stage.recorder.script(null);
  stage.recorder.seen.length = 0;
});

const clients = [
  ['plain fetch', (page: Tab) => page.query],
  ['graphql-request', (page: Tab) => (document: string) => page.client.request(document)],
] as const;
const NEW_TEAM = 'mutation { createTeam(input: { name: "Analytical" }) { team { name } } }';

describe.each(clients)('with %s', (_name, queryOf) => {
  test('whoever signs up finds themselves, and rows of their own alone, in one query', async () => {
    await signUp(tab);
    tab.store();
    const ada = await signUp(tab);
    const { user } = tab.stored();
    expect(await queryOf(tab)(tab.MINE)).toEqual({
      me: { id: user?.id, email: ada.email, name: ada.name },
      portcullis_sessions: [{ id: expect.any(String), created_at: expect.any(String) }],
    });
  });

  test('a token that expires in mid-use is refreshed, both new ones are kept, and the request repeated', async () => {
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

  test('ten requests at once with an expired token share one refresh', async () => {
    await signUp(tab);
    await stage.expire(tab);
    const answers = await Promise.all(Array.from({ length: 10 }, () => queryOf(tab)(tab.MINE)));
    for (const { me } of answers) expect(me).toMatchObject({ id: tab.stored().user?.id });
    expect(stage.sent('Refresh')).toBe(1);
  });

  test('where the session is over, the request fails as it did, and nobody is signed in', async () => {
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

describe('logging in', () => {
  test('works while an expired token is in store, and replaces it', async () => {
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

  test('works with a typed document too', async () => {
    const { email, password } = await signUp(tab);
    await stage.expire(tab);
    expect(await tab.signIn(email, password)).toEqual(['Engines']);
  });

  test('and signing up fail with the gateway’s code and attribute', async () => {
    const person = await signUp(tab);
    const { email } = person;
    const refused = await tab.login({ email, password: 'wrong' }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ message: 'Invalid email or password.', code: 'invalid_credentials' });
    const taken = await tab.signup(person).catch((error: unknown) => error);
    expect(taken).toMatchObject({ code: 'already_registered', attribute: 'email' });
  });
});

describe('a refresh', () => {
  test('of one tab serves the others', async () => {
    const other = await browser.openTab();
    await signUp(tab);
    await stage.expire(tab);
    await tab.query(tab.MINE);
    expect(await other.query(other.MINE)).toMatchObject({ me: { id: tab.stored().user?.id } });
    expect(stage.sent('Refresh')).toBe(1);
  });

  test('by two tabs at once leaves both signed in', async () => {
    const other = await browser.openTab();
    await signUp(tab);
    await stage.expire(tab);
    const answers = await Promise.all([tab.query('{ me { id } }'), other.query('{ me { id } }')]);
    expect(answers).toEqual([{ me: tab.stored().user }, { me: tab.stored().user }]);
    await stage.expire(tab);
    expect(await other.query('{ me { id } }')).toEqual({ me: tab.stored().user });
  });

  test('with a token that somebody used long before means: signed out', async () => {
    await signUp(tab);
    const stolen = tab.stored();
    await stage.expire(tab);
    const { accessToken = '' } = tab.stored();
    await stage.gateway.sql`
      update portcullis_private.refresh_tokens set rotated_at = rotated_at - interval '1 hour'`;
    tab.store({ ...stolen, accessToken });
    expect(await codeOf(tab.query(tab.MINE))).toBe('invalid-jwt');
    expect(tab.stored()).toEqual({});
  });

  test('that does not get through signs nobody out', async () => {
    await signUp(tab);
    await stage.expire(tab);
    const before = tab.stored();
    stage.recorder.script({ status: 502, text: '<html>Bad gateway</html>' });
    const failed = await Promise.all([codeOf(tab.query(tab.MINE)), codeOf(tab.query(tab.MINE))]);
    expect(failed).toEqual(['remote-schema-error', 'remote-schema-error']);
    expect(tab.stored()).toEqual(before);
    stage.recorder.script(null);
    expect(await tab.query('{ me { id } }')).toEqual({ me: before.user });
  });

  test('is tried once where the gateway knows the session to be over before Hasura does', async () => {
    await signUp(tab);
    await stage.gateway.sql`update portcullis.sessions set revoked_at = now()`;
    expect(await codeOf(tab.query('query Devices { sessions { id } }'))).toBe('unauthenticated');
    expect(tab.stored()).toEqual({});
    expect([stage.sent('Refresh'), stage.sent('Devices')]).toEqual([1, 1]);
  });

  test('that comes back after somebody else has signed in changes nothing, and repeats nothing as them', async () => {
    await signUp(tab);
    await stage.expire(tab);
    const ada = tab.stored();
    const bob = await holdingSession(ada.user?.id ?? '', async () => {
      const asked = codeOf(tab.query(NEW_TEAM));
      await expect.poll(() => stage.sent('Refresh')).toBe(1);
      await signUp(tab);
      return { asked, tokens: tab.stored() };
    });
    expect(await bob.asked).toBe('invalid-jwt');
    expect(tab.stored()).toEqual(bob.tokens);
    expect(await tab.query('{ me { memberships { team { name } } } }')).toEqual({
      me: { memberships: [{ team: { name: 'Engines' } }] },
    });
  });
});

describe('logging out', () => {
  test('forgets the tokens and ends the session', async () => {
    await signUp(tab);
    const tokens = tab.stored();
    await tab.logout();
    expect(tab.stored()).toEqual({});
    expect(await tab.query('{ me { id } }')).toEqual({ me: null });
    tab.store(tokens);
    expect(await codeOf(tab.query('{ sessions { id } }'))).toBe('unauthenticated');
  });

  test('works with an expired token, and twice', async () => {
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

  test('during a refresh stays logged out', async () => {
    await signUp(tab);
    await stage.expire(tab);
    const { user } = tab.stored();
    const { asked, left } = await holdingSession(user?.id ?? '', async () => {
      const asked = codeOf(tab.query(tab.MINE));
      await expect.poll(() => stage.sent('Refresh')).toBe(1);
      return { asked, left: tab.logout() };
    });
    await left;
    expect(await asked).toBe('invalid-jwt');
    expect(tab.stored()).toEqual({});
  });
});

/** While somebody's session is locked, a refresh of theirs waits. */
function holdingSession<Result>(userId: string, act: () => Promise<Result>): Promise<Result> {
  return stage.gateway.sql.begin(async (sql) => {
    await sql`select from portcullis.sessions where user_id = ${userId} for update`;
    return act();
  }) as Promise<Result>;
}
