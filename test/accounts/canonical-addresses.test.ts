import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalEmail, emailLimitSubject } from '../../src/mail/email-address.ts';
import { countJobs } from '../mail/smtp.ts';
import { startWireSmtp, type WireSmtp } from '../mail/smtp-wire.ts';
import {
  LOGIN,
  logIn,
  ME,
  newPerson,
  SIGNUP,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { foundTeam, INVITE, type InviteAnswer, MY_INVITES } from '../teams/people.ts';
import { CHANGE_EMAIL, codeOf, EMAIL_EXISTS, FORGOT, join, passSpacing, proveAddress } from './accounts.ts';

let gateway: TestGateway;
let smtp: WireSmtp;
beforeAll(async () => {
  smtp = await startWireSmtp();
  gateway = await startGateway({ env: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}` } });
});
afterAll(async () => {
  await gateway.close();
  await smtp.stop();
});

let mailboxes = 0;
/** Spellings of one mailbox that the mailer can reach, the canonical spelling first. */
function spellings(): [string, ...string[]] {
  mailboxes += 1;
  const local = `ada-${mailboxes}`;
  return [
    `${local}@xn--bcher-kva.example`,
    `${local}@bücher.example`,
    `${local.toUpperCase()}@BÜCHER.example`,
    ` ${local}@bu\u0308cher.example `,
    `${local}@bücher。example`,
    `${local}@ｂücher.ｅxample`,
    `${local}@XN--BCHER-KVA.example`,
    `${local}@bü\u00adcher.example`,
  ];
}
const jobsDone = () => expect.poll(() => countJobs(gateway.sql)).toBe(0);

describe('spellings of one mailbox', () => {
  test('log in to one account, and a second signup answers already_registered', async () => {
    for (const at of [0, 5]) {
      const all = spellings();
      const person = newPerson({ email: all[at] ?? '' });
      const { user } = await signUp(gateway, person);
      expect(user.email).toBe(all[0]);
      for (const email of all) {
        expect((await logIn(gateway, { ...person, email })).user.id).toBe(user.id);
        const input = newPerson({ email });
        expect(await codeOf(gateway.failure(SIGNUP, { input }))).toBe('already_registered email');
        expect(await gateway.graphql(EMAIL_EXISTS, { email })).toEqual({ emailExists: true });
      }
    }
  });

  test('are one account on the HTTP API, and a second sign-up answers already_registered', async () => {
    const [canonical, typed] = spellings();
    const body = { email: typed, name: 'x', password: 'correct horse' };
    expect((await gateway.post('/api/register', body)).status).toBe(200);
    expect((await gateway.post('/api/login', { ...body, email: canonical })).status).toBe(200);
    expect((await gateway.post('/api/v1/login', body)).status).toBe(200);
    expect(await gateway.post('/api/register', { ...body, email: canonical })).toMatchObject({
      body: { code: 'already_registered', attribute: 'email' },
    });
    const exists = await fetch(`${gateway.url}/api/exist-email/${encodeURIComponent(typed ?? '')}`);
    expect(await exists.json()).toBe(true);
  });

  test('get one account when they sign up at once; the others answer already_registered', async () => {
    const all = spellings();
    const codes = await Promise.all(
      all.map(async (email) => {
        const { body } = await gateway.post('/graphql', {
          query: SIGNUP,
          variables: { input: newPerson({ email }) },
        });
        const { errors } = body as { errors?: { extensions: { code: string } }[] };
        return errors?.[0]?.extensions.code ?? 'registered';
      }),
    );
    expect(codes.sort()).toEqual([...Array(all.length - 1).fill('already_registered'), 'registered']);
  });

  test('share the limits of mails: many password resets or changes of address send one mail', async () => {
    const [known, free] = [spellings(), spellings()];
    await signUp(gateway, newPerson({ email: known[1] ?? '' }));
    const ada = await join({ gateway });
    await jobsDone();
    smtp.commands.length = 0;
    for (const email of known) await gateway.graphql(FORGOT, { input: { email } });
    for (const newEmail of free) {
      const input = { newEmail, currentPassword: ada.password };
      await gateway.graphql(CHANGE_EMAIL, { input }, ada.headers).catch(() => {});
    }
    await jobsDone();
    expect(smtp.recipients().sort()).toEqual([known[0], free[0]].sort());
  });

  test('share the limit of failed logins, whether or not the account exists', async () => {
    for (const known of [true, false]) {
      const strict = await startGateway({ replicaOf: gateway, env: { LIMIT_LOGIN_PER_ACCOUNT: '3/60' } });
      const all = spellings();
      if (known) await signUp(gateway, newPerson({ email: all[0] }));
      const hasura = { 'x-hasura-gateway-secret': gateway.secret };
      const codes: string[] = [];
      for (const email of all.slice(0, 5))
        codes.push(await codeOf(strict.failure(LOGIN, { input: { email, password: 'a guess' } }, hasura)));
      expect(codes).toEqual([...Array(3).fill('invalid_credentials'), 'rate_limited', 'rate_limited']);
      await strict.close();
    }
  });

  test('get one invite, and the user who signed up with any of them sees the invite', async () => {
    const all = spellings();
    const { teamId, people } = await foundTeam(gateway);
    const [owner] = people;
    const { inviteMembers } = await owner.run<{ inviteMembers: InviteAnswer[] }>(INVITE, {
      input: { teamId, emails: all, role: 'MEMBER' },
    });
    expect(inviteMembers.map(({ email }) => email)).toEqual([all[0]]);
    const guest = await join({ gateway }, { email: all[2] ?? '' });
    await proveAddress(gateway, guest);
    expect(await gateway.graphql(MY_INVITES, {}, guest.headers)).toMatchObject({
      myInvites: [{ id: inviteMembers[0]?.id }],
    });
  });

  test('changeEmail refuses other spellings of the caller’s mailbox, and mails nothing to another account’s', async () => {
    const [mine, taken] = [spellings(), spellings()];
    const ada = await join({ gateway }, { email: mine[1] ?? '' });
    await join({ gateway }, { email: taken[1] ?? '' });
    const change = (newEmail: string) => ({ input: { newEmail, currentPassword: ada.password } });
    for (const email of mine)
      expect(await codeOf(gateway.failure(CHANGE_EMAIL, change(email), ada.headers))).toBe(
        'invalid newEmail',
      );
    await jobsDone();
    smtp.commands.length = 0;
    await gateway.graphql(CHANGE_EMAIL, change(taken[3] ?? ''), ada.headers);
    await jobsDone();
    expect(smtp.recipients()).toEqual([]);
    await passSpacing(gateway);
    const free = spellings();
    await gateway.graphql(CHANGE_EMAIL, change(free[5] ?? ''), ada.headers);
    await jobsDone();
    expect(smtp.recipients()).toEqual([free[0]]);
    expect(await gateway.graphql(ME, {}, ada.headers)).toMatchObject({ me: { email: mine[0] } });
  });
});

const REFUSED: [string, string][] = [
  ['a dot at the end', 'a@example.com.'],
  ['a percent-encoded domain', 'a@exam%70le.com'],
  ['a slash in the domain', 'a@example.com/b.example'],
  ['an IPv4 address', 'a@1.2.3.4'],
  ['an IPv4 address in hexadecimal', 'a@0x7f.1'],
  ['an IPv4 address in full-width digits', 'a@１.２.３.４'],
  ['an IPv6 literal', 'a@[::1]'],
  ['a port', 'a@example.com:25'],
  ['a number as the last label', 'a@example.123'],
  ['a single label', 'a@localhost'],
  ['an empty label', 'a@example..com'],
  ['an empty label of an ideographic full stop', 'a@example。.com'],
  ['an underscore', 'a@exa_mple.com'],
  ['a label that begins with a hyphen', 'a@-example.com'],
  ['a label of 64 letters', `a@${'b'.repeat(64)}.com`],
  ['a label whose A-label is longer than 63 letters', `a@${'é'.repeat(58)}.com`],
  ['a domain longer than 253 letters', `a@${'b.'.repeat(124)}example`],
  ['an A-label that cannot be decoded', 'a@xn--zz.com'],
  ['an A-label of ASCII letters', 'a@xn--abc-.com'],
  ['an A-label that decodes to a label with the prefix of A-labels', 'a@xn--xn---epa.com'],
  ['letters of two directions in one label', 'a@אb.com'],
  ['an invisible joiner', 'a\u200db@example.com'],
  ['an invisible letter', 'a\u3164b@example.com'],
  ['half a surrogate pair', 'a\ud800@example.com'],
  ['two at signs', 'a@b@example.com'],
  ['a quoted local part', '"a b"@example.com'],
];

describe('invalid addresses', () => {
  test.each(REFUSED)('signup answers invalid email to an address with %s', async (_what, email) => {
    expect(canonicalEmail(email)).toBeNull();
    expect(await codeOf(gateway.failure(SIGNUP, { input: newPerson({ email }) }))).toBe('invalid email');
  });

  test('changeEmail answers invalid, and inviteMembers answers invalid_emails', async () => {
    const ada = await join({ gateway });
    const { teamId, people } = await foundTeam(gateway);
    for (const [, email] of REFUSED.slice(0, 6)) {
      const input = { newEmail: email, currentPassword: ada.password };
      expect(await codeOf(gateway.failure(CHANGE_EMAIL, { input }, ada.headers))).toBe('invalid newEmail');
      expect(await people[0].refused(INVITE, { input: { teamId, emails: [email], role: 'MEMBER' } })).toBe(
        'invalid_emails emails',
      );
    }
  });
});

test('canonicalEmail is idempotent for every letter of the first two Unicode planes', () => {
  const changed: string[] = [];
  for (let code = 0; code < 0x20000; code++) {
    const letter = String.fromCodePoint(code);
    for (const text of [`${letter}@x.example`, `a@b${letter}c.example`, `a@x.${letter}`]) {
      const form = canonicalEmail(text);
      if (form !== null && canonicalEmail(form) !== form) changed.push(code.toString(16));
    }
  }
  expect(changed).toEqual([]);
});

test('emailLimitSubject trims, lower-cases and shortens a text that is not an address', () => {
  expect(emailLimitSubject(' No Address ')).toBe('no address');
  expect(emailLimitSubject('x'.repeat(1_000_000))).toHaveLength(508);
});
