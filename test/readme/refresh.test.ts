import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { openScene, type Scene } from './scene.ts';
import { codeOf, endKey, holdingSession, NEW_TEAM, type Stage, signUp } from './stage.ts';
import type { Tab } from './tabs.ts';

// How hasura/frontend/session.ts refreshes: several tabs, slow networks, ended sessions.

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

test('a refresh of one tab serves other tabs', async () => {
  const other = await scene.openTab();
  await signUp(tab);
  await stage.expire(tab);
  await tab.query(tab.MINE);
  expect(await other.query(other.MINE)).toMatchObject({ me: { id: tab.stored().user?.id } });
  expect(stage.sent('Refresh')).toBe(1);
});

test('a refresh also serves a request whose refusal arrives after the refresh', async () => {
  await signUp(tab);
  await stage.expire(tab);
  const { release, answers } = holdNextAnswer();
  const late = tab.query(tab.MINE);
  await expect.poll(answers).toBe(1);
  await tab.query(tab.MINE);
  release();
  expect(await late).toMatchObject({ me: { id: tab.stored().user?.id } });
  expect(stage.sent('Refresh')).toBe(1);
});

test('two tabs that refresh at once both stay signed in', async () => {
  const other = await scene.openTab();
  await signUp(tab);
  await stage.expire(tab);
  const answers = await Promise.all([tab.query('{ me { id } }'), other.query('{ me { id } }')]);
  expect(answers).toEqual([{ me: tab.stored().user }, { me: tab.stored().user }]);
  await stage.expire(tab);
  expect(await other.query('{ me { id } }')).toEqual({ me: tab.stored().user });
});

test('a refresh with a token that was used long before signs the tab out', async () => {
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

test('a refresh that cannot reach the gateway keeps the tokens', async () => {
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

test.for([
  ['end of the session', 'update portcullis.sessions set revoked_at = now()'],
  ['disabling of the account', 'update portcullis.users set disabled_at = now()'],
])('a request after the %s refreshes once and signs the tab out', async ([, end = '']) => {
  await signUp(tab);
  await stage.gateway.sql.unsafe(end);
  expect(await codeOf(tab.query('query Devices { sessions { id } }'))).toBe('unauthenticated');
  expect(tab.stored()).toEqual({});
  expect([stage.sent('Refresh'), stage.sent('Devices')]).toEqual([1, 1]);
});

test('a mutation is executed once while Hasura accepts an ended key, and the next request works', async () => {
  const { sql } = stage.gateway;
  await sql`create table public.renamings (at timestamptz not null default now())`;
  await sql.unsafe(`
    create function public.note_renaming() returns trigger language plpgsql security definer
      as 'begin insert into public.renamings default values; return new; end';
    create trigger note_renaming after update of name on portcullis.teams
      for each row execute function public.note_renaming()`);
  await signUp(tab);
  const { accessToken, user } = tab.stored();
  await endKey(stage, tab);
  const both = `mutation {
    update_portcullis_teams(where: {}, _set: { name: "Looms" }) { affected_rows }
    createTeam(input: { name: "Analytical" }) { team { name } }
  }`;
  expect(await codeOf(tab.query(both))).toBe('unauthenticated');
  expect(await sql`select from public.renamings`).toHaveLength(1);
  expect(tab.stored().accessToken).not.toBe(accessToken);
  expect(await tab.query('{ me { id memberships { team { name } } } }')).toEqual({
    me: { ...user, memberships: [{ team: { name: 'Looms' } }] },
  });
  expect(stage.sent('Refresh')).toBe(1);
});

test('a refresh that answers after another person’s sign-in changes no tokens and repeats no request', async () => {
  await signUp(tab);
  await stage.expire(tab);
  const bob = await holdingSession(stage, tab, async () => {
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

test('a person who logs out during a refresh stays logged out', async () => {
  await signUp(tab);
  await stage.expire(tab);
  const { asked, left } = await holdingSession(stage, tab, async () => {
    const asked = codeOf(tab.query(tab.MINE));
    await expect.poll(() => stage.sent('Refresh')).toBe(1);
    return { asked, left: tab.logout() };
  });
  await left;
  expect(await asked).toBe('invalid-jwt');
  expect(tab.stored()).toEqual({});
});

/** Holds the next answer back and lets later answers pass. */
function holdNextAnswer(): { release: () => void; answers: () => number } {
  const { fetch } = globalThis;
  let answers = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  vi.stubGlobal('fetch', async (request: Request) => {
    const response = await fetch(request);
    answers += 1;
    if (answers === 1) await released;
    return response;
  });
  return {
    release() {
      vi.stubGlobal('fetch', fetch);
      release();
    },
    answers: () => answers,
  };
}
