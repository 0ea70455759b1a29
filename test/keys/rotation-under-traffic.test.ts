import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { readJwks } from './keys.ts';
import { openLedger, type Token, tokenOf } from './ledger.ts';
import {
  JWKS_MAX_AGE,
  openHasura,
  openReplicas,
  openVerifiers,
  type Stage,
  sharedEnvironment,
  showEverywhere,
  useTokens,
} from './traffic.ts';

// Keys are generated, expire, are ended early and deleted while people sign in at many replicas, and Hasura and other verifiers
// check what they got. Real time passes, but shorter: with JWKS_MAX_AGE=1 a key would wait for 2 * 1 + 150 s, so the
// database lets every key be born 144 s ago, and 8 s are left. Of these a verifier may use 4: the second that an HTTP cache
// keeps its answer, the second of its own cache, and twice the second between two looks, which stands for Hasura's minute.
const BORN_EARLIER_SECONDS = 2 * JWKS_MAX_AGE + 150 - 8;
const LOOK_EVERY_MS = 1000;
/** Where the machine makes a verifier this late it was promised nothing any more. */
const PROMISED_MS = 5000;
const TOKEN_SECONDS = 6;

const env = sharedEnvironment({
  JWKS_MAX_AGE: String(JWKS_MAX_AGE),
  ACCESS_TOKEN_TTL: String(TOKEN_SECONDS),
  PORTAL_TOKEN_TTL: '60',
  HOUSEKEEPING_SECONDS: '1',
});

const beBornEarlier = ({ sql }: TestGateway) =>
  sql.unsafe(`
    create function public.be_born_earlier() returns trigger language plpgsql as $$
      begin new.created_at := new.created_at - interval '${BORN_EARLIER_SECONDS} s'; return new; end $$;
    create trigger be_born_earlier before insert on portcullis.jwks
      for each row execute function public.be_born_earlier();
    update portcullis.jwks set created_at = created_at - interval '1 day'`);

/** Something that goes on until it is stopped; then it ends with what it found. */
function keepDoing(work: (isOver: () => boolean) => Promise<void>): () => Promise<void> {
  let isOver = false;
  const done = work(() => isOver);
  done.catch(() => {}); // whoever stops it learns of it
  return () => {
    isOver = true;
    return done;
  };
}

/** Generates a key as the console does, at any replica. */
async function generateInConsole(home: TestGateway): Promise<string> {
  const { body } = await home.post(
    '/hasura/actions/generateJwk',
    { session_variables: { 'x-hasura-role': 'admin' } },
    { 'x-hasura-gateway-secret': home.secret },
  );
  return (body as { id: string }).id;
}

const untilItSigns = ({ ledger }: Stage, key: string) =>
  expect.poll(() => ledger.signers.has(key), { timeout: 60_000, interval: 100 }).toBe(true);

/** A token that lives for a minute, of the key that signs now. */
async function signInForLonger(home: TestGateway): Promise<Token> {
  const { email, password } = newPerson();
  await signUp(home, newPerson({ email, password }));
  const { body } = await home.post('/api/v1/login', { email, password });
  return tokenOf((body as { token: string }).token);
}

/**
 * Ends the key of a token early under everybody's eyes: the gateways refuse it in the very next request, and verifiers from
 * their next fetch on, in which the key is missing.
 */
async function endEarly(stage: Stage, token: Token, end: () => Promise<unknown>): Promise<void> {
  await showEverywhere(stage, token);
  await stage.ledger.endKey(token.key, end);
  const ended = stage.ledger.now();
  await showEverywhere(stage, token);
  for (const { url } of stage.replicas.present)
    expect((await readJwks({ url })).ids).not.toContain(token.key);
  for (const { held } of stage.verifiers) {
    await expect.poll(() => held().askedAt > ended).toBe(true);
    expect(held().ids).not.toContain(token.key);
  }
  await showEverywhere(stage, token);
}

async function openShow() {
  const home = await startGateway({ env });
  await beBornEarlier(home);
  const ledger = openLedger({ promisedMs: PROMISED_MS });
  const replicas = openReplicas(home, env);
  await replicas.join();
  const hasura = await openHasura(home, ledger.now, LOOK_EVERY_MS);
  const verifiers = await openVerifiers(replicas, ledger.now, LOOK_EVERY_MS);
  const stage = { ledger, replicas, hasura, verifiers: verifiers.all };
  const going = [
    ...Array.from({ length: 4 }, () => keepDoing((isOver) => useTokens(stage, isOver))),
    keepDoing(async (isOver) => {
      for (; !isOver(); await sleep(2000)) await hasura.restart();
    }),
  ];
  /** Everybody goes home; what is under way is done first. */
  const calm = () => Promise.all(going.map((stop) => stop()));
  return {
    ...{ ...stage, home, calm },
    async close() {
      await calm();
      await verifiers.close();
      await hasura.close();
      // The first one's database goes with it.
      for (const replica of [...replicas.present].reverse()) await replicas.leave(replica);
    },
  };
}

let show: Awaited<ReturnType<typeof openShow>>;
beforeAll(async () => {
  show = await openShow();
});
afterAll(() => show.close());

test('no token is refused while keys and replicas come and go, and none is accepted after its key’s end', async () => {
  const { home, ledger, replicas } = show;
  const { sql } = home;
  const [first = ''] = (await readJwks(home)).ids;

  // By hand, while replicas join and one of them dies.
  const joining = Promise.all([replicas.joinAsProcess(), replicas.joinAsProcess()]);
  const second = await generateInConsole(home);
  const [mortal] = await joining;
  await untilItSigns(show, second);
  await replicas.die(mortal);

  // By housekeeping, when the end of all keys is so near that somebody makes a successor.
  await sql`update portcullis.jwks set expires_at = now() + interval '300 s'`;
  const lasting = () => sql<{ id: string }[]>`
    select id from portcullis.jwks where expires_at > now() + interval '301 s'`;
  await expect.poll(async () => (await lasting()).length).toBe(1);
  const [successor = { id: '' }] = await lasting();
  const leaving = await replicas.join();
  await untilItSigns(show, successor.id);
  await replicas.leave(leaving);
  expect(await lasting()).toEqual([successor]);
  // The rest of their time passes at once: the last of their tokens are over by then.
  await sql`update portcullis.jwks set expires_at = now() + interval '16 s' where id <> ${successor.id}`;

  // Two more by hand, of which one is ended as in the console, and the other deleted.
  const third = await generateInConsole(home);
  await untilItSigns(show, third);
  const ofThird = await signInForLonger(home);
  const fourth = await generateInConsole(home);
  await endEarly(show, ofThird, () => sql`update portcullis.jwks set expires_at = now() where id = ${third}`);
  await untilItSigns(show, fourth);
  const ofFourth = await signInForLonger(home);
  await endEarly(show, ofFourth, () => sql`delete from portcullis.jwks where id = ${fourth}`);
  expect([ofThird.key, ofFourth.key]).toEqual([third, fourth]);
  await expect.poll(async () => (await readJwks(home)).ids).toEqual([successor.id]);

  await show.calm();
  expect(ledger.wrong).toEqual([]);
  expect([...ledger.signers]).toEqual([first, second, successor.id, third, fourth]);
  for (const count of Object.values(ledger.counted)) expect(count).toBeGreaterThan(20);
}, 240_000);
