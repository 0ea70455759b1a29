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

// Keys are generated, expire, are ended early and deleted while people sign in at many replicas. Hasura and other verifiers
// check the tokens. The test shortens the wait of a key: with JWKS_MAX_AGE=1 it is 2 * 1 + 150 s. The database creates every
// key 144 s in the past, so that 8 s are left. A verifier may use 4 of these: 1 s in an HTTP cache, 1 s in its own cache, and
// twice the second between two checks, which stands for Hasura's minute.
const BORN_EARLIER_SECONDS = 2 * JWKS_MAX_AGE + 150 - 8;
const LOOK_EVERY_MS = 1000;
/** The gateway promises nothing to a verifier whose keys are older, as on a slow machine. */
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

/** Runs work in the background. The returned function stops the work and throws its error. */
function keepDoing(work: (isOver: () => boolean) => Promise<void>): () => Promise<void> {
  let isOver = false;
  const done = work(() => isOver);
  done.catch(() => {}); // the stop function throws it
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

/** A token that is valid for a minute, signed with the current key. */
async function signInForLonger(home: TestGateway): Promise<Token> {
  const { email, password } = newPerson();
  await signUp(home, newPerson({ email, password }));
  const { body } = await home.post('/api/v1/login', { email, password });
  return tokenOf((body as { token: string }).token);
}

/**
 * Ends the key of a token early while its token is shown everywhere: gateways refuse the token in the next request, and
 * verifiers from their next fetch on, which lacks the key.
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
  /** Ends the traffic, after the requests under way. */
  const calm = () => Promise.all(going.map((stop) => stop()));
  return {
    ...{ ...stage, home, calm },
    async close() {
      await calm();
      await verifiers.close();
      await hasura.close();
      // Closing the first replica drops the database.
      for (const replica of [...replicas.present].reverse()) await replicas.leave(replica);
    },
  };
}

let show: Awaited<ReturnType<typeof openShow>>;
beforeAll(async () => {
  show = await openShow();
});
afterAll(() => show.close());

test('tokens are accepted while keys and replicas change, and refused once their key has ended', async () => {
  const { home, ledger, replicas } = show;
  const { sql } = home;
  const [first = ''] = (await readJwks(home)).ids;

  // An operator makes a key while replicas join and one of them dies.
  const joining = Promise.all([replicas.joinAsProcess(), replicas.joinAsProcess()]);
  const second = await generateInConsole(home);
  const [mortal] = await joining;
  await untilItSigns(show, second);
  await replicas.die(mortal);

  // Housekeeping makes a successor when all keys end soon.
  await sql`update portcullis.jwks set expires_at = now() + interval '300 s'`;
  const lasting = () => sql<{ id: string }[]>`
    select id from portcullis.jwks where expires_at > now() + interval '301 s'`;
  await expect.poll(async () => (await lasting()).length).toBe(1);
  const [successor = { id: '' }] = await lasting();
  const leaving = await replicas.join();
  await untilItSigns(show, successor.id);
  await replicas.leave(leaving);
  expect(await lasting()).toEqual([successor]);
  // The test skips the rest of their time: their last tokens have expired by then.
  await sql`update portcullis.jwks set expires_at = now() + interval '16 s' where id <> ${successor.id}`;

  // An operator makes two more keys, ends one as in the console and deletes the other.
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

  // On a slow machine many statements are about keys that are too old, which do not count.
  const fewest = () => Math.min(...Object.values(ledger.counted));
  await expect.poll(fewest, { timeout: 120_000 }).toBeGreaterThan(20);

  await show.calm();
  expect(ledger.wrong).toEqual([]);
  expect([...ledger.signers]).toEqual([first, second, successor.id, third, fourth]);
}, 480_000);
