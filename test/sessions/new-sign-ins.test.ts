import { describe, expect, test } from 'vitest';
import { createDeviceMarks } from '../../src/sessions/device-marks.ts';
import { codeOf, join, type Member, proveAddress } from '../accounts/accounts.ts';
import { countJobs } from '../mail/smtp.ts';
import { forFile } from '../support/for-file.ts';
import { LOGIN, PUBLIC_URL, startGateway } from '../support/gateway.ts';

const gateway = forFile(() =>
  startGateway({ env: { REFRESH_COOKIE: 'strict', TRUSTED_PROXIES: 'loopback' } }),
);

type Headers = Record<string, string>;
const fromHasura = (): Headers => ({
  'x-hasura-gateway-secret': gateway.secret,
  'x-hasura-role': 'anonymous',
  'x-forwarded-user-agent': 'Firefox',
});
const ownPage = { 'x-forwarded-origin': PUBLIC_URL };

async function signIn({ email, password }: Member, headers: Headers = {}, cookie = false) {
  const variables = { input: { email, password, cookie } };
  const answer = await gateway.post('/graphql', { query: LOGIN, variables }, headers);
  const { errors } = answer.body as { errors?: { extensions: { code: string } }[] };
  const set = answer.headers.getSetCookie();
  return { code: errors?.[0]?.extensions.code ?? null, set, device: deviceIn(set) };
}
const deviceIn = (set: string[]): string | null =>
  set.flatMap((line) => /^__Host-portcullis-device=([^;]+)/.exec(line)?.[1] ?? [])[0] ?? null;
const withDevice = (device: string | null, page: Headers = ownPage): Headers => ({
  ...fromHasura(),
  ...page,
  cookie: `__Host-portcullis-device=${device}`,
});

/** A new person with a proven address, which gets notices. */
const provedPerson = async (): Promise<Member> => {
  const ada = await join({ gateway });
  await proveAddress(gateway, ada);
  return ada;
};
const noticesTo = async ({ email }: Member): Promise<number> => {
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  const mails = gateway.deps.mailInbox?.list() ?? [];
  return mails.filter(({ to, subject }) => to === email && subject.startsWith('New sign-in')).length;
};
const lock = async (ada: Member) => {
  for (let i = 0; i < 10; i++) await signIn({ ...ada, password: 'a guess' }, fromHasura());
  expect((await signIn(ada, fromHasura())).code).toBe('rate_limited');
};

describe('the notice of a new sign-in', () => {
  test('is mailed for every sign-in through Hasura, which does not send the IP address', async () => {
    const ada = await provedPerson();
    for (let i = 1; i <= 3; i++) {
      expect((await signIn(ada, fromHasura())).code).toBeNull();
      expect(await noticesTo(ada)).toBe(i);
    }
  });

  test('is mailed once for each pair of device and IP address', async () => {
    const ada = await provedPerson();
    const at = (address: string, userAgent: string) => ({
      'x-forwarded-for': address,
      'user-agent': userAgent,
    });
    for (const [headers, notices] of [
      [at('203.0.113.1', 'Firefox'), 1],
      [at('203.0.113.1', 'Firefox'), 1],
      [at('203.0.113.1', 'Chrome'), 2],
      [at('203.0.113.2', 'Firefox'), 3],
      [fromHasura(), 4],
    ] as const) {
      await signIn(ada, headers);
      expect(await noticesTo(ada)).toBe(notices);
    }
  });

  test('is not mailed for a browser that holds the account’s device mark', async () => {
    const ada = await provedPerson();
    const { device } = await signIn(ada, { ...fromHasura(), ...ownPage }, true);
    expect(await noticesTo(ada)).toBe(1);
    expect((await signIn(ada, withDevice(device))).code).toBeNull();
    expect(await noticesTo(ada)).toBe(1);
    await signIn(ada, withDevice(device, {}));
    expect(await noticesTo(ada)).toBe(2);
  });
});

describe('the device mark of a browser', () => {
  test('is an opaque HttpOnly cookie that login sets beside the refresh cookie', async () => {
    const ada = await provedPerson();
    expect((await signIn(ada, ownPage)).set).toEqual([]);
    const { set, device } = await signIn(ada, { origin: PUBLIC_URL }, true);
    expect(set).toHaveLength(2);
    const line = set.find((cookie) => cookie.startsWith('__Host-portcullis-device=')) ?? '';
    for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/', 'Max-Age=31104000'])
      expect(line).toContain(attribute);
    const said = Buffer.from(device ?? '', 'base64url').toString('latin1') + device;
    for (const secret of [ada.user.id, ada.email, ada.user.id.replaceAll('-', '')])
      expect(said).not.toContain(secret);
    expect((await signIn(ada, { origin: 'https://evil.example' }, true)).code).toBe('cross_site_request');
  });

  test('admits its owner to a locked account, until ten wrong passwords of its own: rate_limited', async () => {
    const ada = await provedPerson();
    const { device } = await signIn(ada, { ...fromHasura(), ...ownPage }, true);
    await lock(ada);
    expect((await signIn(ada, withDevice(device))).code).toBeNull();
    for (let i = 0; i < 10; i++)
      expect((await signIn({ ...ada, password: 'a guess' }, withDevice(device))).code).toBe(
        'invalid_credentials',
      );
    expect((await signIn(ada, withDevice(device))).code).toBe('rate_limited');
    const locks = await gateway.sql`
      select details from portcullis.security_events where action = 'account_locked' and user_id = ${ada.user.id}
      order by created_at`;
    expect(locks.map(({ details }) => details.from)).toEqual(['anywhere', 'known device']);
  });

  test('does not unlock if it is forged, of another user, or sent by another site: rate_limited', async () => {
    const [ada, eve] = [await provedPerson(), await provedPerson()];
    const { device } = await signIn(ada, { ...fromHasura(), ...ownPage }, true);
    const { device: ofEve } = await signIn(eve, { ...fromHasura(), ...ownPage }, true);
    await lock(ada);
    const [id = '', mark = ''] = (device ?? '').split('.');
    const [idOfEve = '', markOfEve = ''] = (ofEve ?? '').split('.');
    const forged = [
      ofEve,
      `${id}.${markOfEve}`,
      `${idOfEve}.${mark}`,
      `${id}.${mark.slice(0, -1)}${mark.endsWith('A') ? 'E' : 'A'}`,
      `${id}.${'A'.repeat(43)}`,
      id,
      `${device}x`,
      `${device}.${'A'.repeat(43)}`.repeat(100),
      '',
    ];
    for (const cookie of forged)
      expect([cookie, (await signIn(ada, withDevice(cookie))).code]).toEqual([cookie, 'rate_limited']);
    for (const page of [{}, { 'x-forwarded-origin': 'https://evil.example' }, { origin: PUBLIC_URL }])
      expect((await signIn(ada, withDevice(device, page as Headers))).code).toBe('rate_limited');
    expect((await signIn(ada, withDevice(device))).code).toBeNull();
  });

  test('is kept for each user of a shared browser', async () => {
    const people = [await provedPerson(), await provedPerson()];
    let device: string | null = null;
    for (const person of people)
      ({ device } = await signIn(
        person,
        device === null ? { ...fromHasura(), ...ownPage } : withDevice(device),
        true,
      ));
    for (const person of people) {
      await lock(person);
      expect((await signIn(person, withDevice(device))).code).toBeNull();
    }
  });

  test('does not unlock once the address is proven if it was made before: rate_limited', async () => {
    const ada = await join({ gateway });
    const { device } = await signIn(ada, { ...fromHasura(), ...ownPage }, true);
    await lock(ada);
    expect((await signIn(ada, withDevice(device))).code).toBeNull();
    await proveAddress(gateway, ada);
    expect((await signIn(ada, withDevice(device))).code).toBe('rate_limited');
  });

  test('does not unlock if cookies are off: rate_limited', async () => {
    const off = await startGateway({ replicaOf: gateway, env: { REFRESH_COOKIE: 'off' } });
    const ada = await provedPerson();
    const { device } = await signIn(ada, { ...fromHasura(), ...ownPage }, true);
    await lock(ada);
    const { email, password } = ada;
    const input = { email, password };
    expect(await codeOf(off.failure(LOGIN, { input }, withDevice(device)))).toBe('rate_limited');
    await off.close();
  });

  test('is valid for about a year, also under an earlier key', () => {
    const [old, current] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const user = { id: 'a person', emailVerifiedAt: new Date(0) };
    const DAY = 86_400_000;
    const start = 20_000 * DAY;
    const made = createDeviceMarks([old], () => start).add(user, null);
    const isFound = (keys: Buffer[], days: number) =>
      createDeviceMarks(keys, () => start + days * DAY).find(user, made) !== null;
    expect([0, 89, 359].map((days) => isFound([old], days))).toEqual([true, true, true]);
    expect(isFound([old], 451)).toBe(false);
    expect([isFound([current, old], 0), isFound([current], 0)]).toEqual([true, false]);
  });
});
