import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeHeaderText } from '../../src/mail/exact-headers.ts';
import { enqueueMail } from '../../src/mail/queue.ts';
import { newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { countJobs, startSmtp } from './smtp.ts';
import { startWireSmtp, type WireSmtp } from './smtp-wire.ts';

/** A header as the gateway sent it, unfolded (RFC 5322 2.2.3). */
const headerOf = (message: string, name: string): string => {
  const [head = ''] = message.split('\r\n\r\n');
  const lines = head.replace(/\r\n(?=[ \t])/g, '').split('\r\n');
  return lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
};

/** The text that a mail client shows: encoded words are decoded, and the spaces between them dropped (RFC 2047 6.2). */
const shown = (header: string): string =>
  header
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, encoding: string, text: string) =>
      encoding.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString('utf8')
        : Buffer.from(
            text
              .replaceAll('_', ' ')
              .replace(/=([0-9a-f]{2})/gi, (_m, hex: string) => String.fromCharCode(parseInt(hex, 16))),
            'latin1',
          ).toString('utf8'),
    )
    .trim();

const HOSTILE = [
  '=?UTF-8?Q?Your_account_is_closed?=',
  '=?utf-8?B?WW91ciBhY2NvdW50IGlzIGNsb3NlZA==?=',
  'Ada =?UTF-8?Q?=42oss?= Lovelace',
  '=?ISO-8859-1?Q?=E9?=',
  '=?UTF-8?Q?half',
  'Ädä =?UTF-8?Q?x?= 𝒜da',
  '"Ada" =?UTF-8?Q?a b?=',
];

describe('a name that looks like an encoded word', () => {
  let smtp: WireSmtp;
  let gateway: TestGateway;
  const FROM_NAME = '=?UTF-8?Q?The_Boss?=';
  beforeAll(async () => {
    smtp = await startWireSmtp();
    gateway = await startGateway({
      env: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}`, MAIL_FROM: `${FROM_NAME} <no-reply@example.com>` },
    });
  });
  afterAll(async () => {
    await gateway.close();
    await smtp.stop();
  });

  test.each(HOSTILE)('is shown unchanged in the subject of an invite: %s', async (name) => {
    const { user } = await signUp(gateway, newPerson({ name }));
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    smtp.messages.length = 0;
    const [row] = await gateway.sql`
      insert into portcullis.invites (id, team_id, email, role, inviter_id, expires_at)
      select gen_random_uuid(), team_id, ${newPerson().email}, 'MEMBER', ${user.id}, now() + interval '1 day'
      from portcullis.memberships where user_id = ${user.id} returning id`;
    await enqueueMail(gateway.deps.db, { kind: 'team_invite', inviteId: row?.id as string });
    await expect.poll(() => smtp.messages).toHaveLength(1);
    const subject = headerOf(smtp.messages[0] ?? '', 'Subject');
    // Invites show a name without angle brackets, and with a space where it could form a link.
    expect(shown(subject)).toBe(`${name.normalize('NFKC')} invites you to a team at auth.example.com`);
    expect(Buffer.from(subject).every((byte) => byte >= 0x20 && byte < 0x7f)).toBe(true);
    for (const word of subject.split(' ')) expect(word).toMatch(/^=\?UTF-8\?B\?[A-Za-z0-9+/]+=*\?=$/);
  });

  test('is shown unchanged in the sender of MAIL_FROM', async () => {
    await signUp(gateway);
    await expect.poll(() => smtp.messages.length).toBeGreaterThan(0);
    const from = headerOf(smtp.messages.at(-1) ?? '', 'From');
    expect(from).toMatch(/^=\?UTF-8\?B\?[A-Za-z0-9+/=]+\?= <no-reply@example\.com>$/);
    expect(shown(from)).toBe(`${FROM_NAME} <no-reply@example.com>`);
  });

  test('is shown unchanged on the page of the inbox', async () => {
    const local = await startGateway();
    local.deps.mailInbox?.deliver({
      messageId: '<1@x>',
      to: '',
      subject: HOSTILE[0] ?? '',
      text: '',
      html: '',
    });
    const page = await fetch(`${local.url}/mail/inbox/${local.deps.mailInbox?.key}`);
    expect(await page.text()).toContain(`>${HOSTILE[0]}</a>`);
    await local.close();
  });
});

test('encodeHeaderText keeps plain text, and encodes other text in words of at most 75 characters', () => {
  expect(encodeHeaderText('Confirm your email address')).toBe('Confirm your email address');
  for (const text of [
    ...HOSTILE,
    'é',
    '𝒜'.repeat(60),
    'tab\tand\u0007bell',
    'ü'.repeat(255),
    'x =?'.repeat(60),
  ]) {
    const encoded = encodeHeaderText(text);
    expect(shown(encoded)).toBe(text);
    for (const word of encoded.split(' ')) {
      expect(word.length).toBeLessThanOrEqual(75);
      // Each word decodes by itself, because a character is never split (RFC 2047 5).
      expect(shown(word)).not.toContain('\ufffd');
    }
  }
});

describe('recipient addresses', () => {
  test.each([
    ['person@bücher.example', 'person@xn--bcher-kva.example'],
    ['Person@ｅxample。com', 'person@example.com'],
    ['pürson@bücher.example', 'pürson@xn--bcher-kva.example'],
    ['PÜRSON@example.com', 'pürson@example.com'],
  ])('the mail server gets %s as %s', async (typed, canonical) => {
    const smtp = await startWireSmtp();
    const gateway = await startGateway({ env: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}` } });
    const { user } = await signUp(gateway, newPerson({ email: typed }));
    expect(user.email).toBe(canonical);
    await expect.poll(() => smtp.messages).toHaveLength(1);
    expect(smtp.recipients()).toEqual([canonical]);
    await gateway.close();
    await smtp.stop();
  });

  test('a mail to a non-ASCII address is given up, and logged, if the mail server lacks SMTPUTF8', async () => {
    const smtp = await startWireSmtp({ hideSMTPUTF8: true });
    const gateway = await startGateway({ env: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}` } });
    const refused = newPerson({ email: 'pürson@example.com' });
    const taken = newPerson({ email: 'person@bücher.example' });
    await signUp(gateway, refused);
    await signUp(gateway, taken);
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    expect(smtp.recipients()).toEqual(['person@xn--bcher-kva.example']);
    expect(smtp.commands.join('\n')).not.toContain('pürson');
    expect(gateway.logged()).toContain(
      'its address is not ASCII, and the mail server does not announce SMTPUTF8',
    );
    expect(gateway.logged()).not.toContain('pürson');
    await gateway.close();
    await smtp.stop();
  });

  test('a mail to a non-ASCII address stays queued while the mail server is down', async () => {
    const smtp = await startSmtp();
    await smtp.stop();
    const gateway = await startGateway({ env: { SMTP_URL: smtp.url } });
    await signUp(gateway, newPerson({ email: 'pürson@example.com' }));
    await expect.poll(() => gateway.logged()).toContain('it will be tried again');
    expect(await countJobs(gateway.sql)).toBe(1);
    await gateway.close();
  });
});
