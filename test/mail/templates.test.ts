import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mailKinds, mails } from '../../src/mail/kinds.ts';
import { deviceWords, plainWords } from '../../src/mail/plain-words.ts';
import { loadMailTemplates } from '../../src/mail/templates.ts';
import { spawnGateway } from '../boot/process.ts';
import { createTestDatabase } from '../support/database.ts';

let templatesDir: string;
beforeEach(async () => {
  templatesDir = await mkdtemp(join(tmpdir(), 'portcullis-mail-'));
});
afterEach(() => rm(templatesDir, { recursive: true }));

const own = async (name: string, text: string) => {
  await mkdir(dirname(join(templatesDir, name)), { recursive: true });
  await writeFile(join(templatesDir, name), text);
};
const values = {
  site: 'auth.example.com',
  link: 'https://auth.example.com/mail/x',
  hours: '24',
  time: 'now',
  device: 'a phone',
  address: 'unknown',
};
const invite = { ...values, team: 'Engines', inviter: 'Ada', expires: '2026-01-01' };

test.each(['en', 'de'])(
  'the built-in templates of %s are complete and use all their placeholders',
  async (locale) => {
    const templates = await loadMailTemplates({ locale, templatesDir: null });
    for (const kind of mailKinds) {
      const names: readonly string[] = mails[kind].placeholders;
      const given = Object.fromEntries(names.map((name) => [name, `<${name}>`]));
      const { subject, text, html } = templates.render(kind, given as never);
      for (const part of [subject, text, html]) {
        expect(part.trim()).not.toBe('');
        expect(part).not.toMatch(/\{\{|undefined/);
      }
      for (const name of names) expect(text).toContain(`<${name}>`);
      for (const name of names) expect(html).toContain(`&#60;${name}&#62;`);
      expect(html).toContain(`<html lang="${locale}">`);
    }
  },
);

describe('a locale', () => {
  const subject = async (locale: string, directory: string | null = null) =>
    (await loadMailTemplates({ locale, templatesDir: directory })).render('verification', values).subject;

  test('of a region falls back to its language, and an unknown locale to English', async () => {
    expect(await subject('de')).toBe('Bestätigen Sie Ihre E-Mail-Adresse für auth.example.com');
    expect(await subject('de-AT')).toBe(await subject('de'));
    expect(await subject('fr')).toBe(await subject('en'));
  });

  test('of the operator’s own falls back to English for the missing templates', async () => {
    await own('fr/verification.subject.txt', 'Confirmez votre adresse pour {{site}}\n');
    expect(await subject('fr', templatesDir)).toBe('Confirmez votre adresse pour auth.example.com');
    const templates = await loadMailTemplates({ locale: 'fr', templatesDir });
    expect(templates.render('verification', values).text).toContain('please confirm');
  });
});

describe('an operator’s template', () => {
  test('replaces its parts of a mail, and leaves the other parts', async () => {
    await own('en/team_invite.txt', 'Join {{ team }}: {{link}}');
    await own('en/team_invite.html', '<a href="{{link}}">{{team}}</a> {{inviter}}');
    const { render } = await loadMailTemplates({ locale: 'en', templatesDir });
    const hostile = { ...invite, team: '"><b>{{link}}</b>', inviter: "o'Neill & co" };
    expect(render('team_invite', hostile)).toEqual({
      subject: "o'Neill & co invites you to a team at auth.example.com",
      text: 'Join "><b>{{link}}</b>: https://auth.example.com/mail/x',
      html: '<a href="https://auth.example.com/mail/x">&#34;&#62;&#60;b&#62;{{link}}&#60;/b&#62;</a> o&#39;Neill &#38; co',
    });
  });

  test('makes a subject of one line, even of a value with line breaks', async () => {
    await own('en/team_invite.subject.txt', 'Join\n{{team}}\n');
    const { render } = await loadMailTemplates({ locale: 'en', templatesDir });
    const team = 'Engines\r\nBcc: victim@example.com\u0000\u2028x';
    expect(render('team_invite', { ...invite, team }).subject).toBe('Join Engines Bcc: victim@example.com x');
  });

  test.each([
    ['en/verification.html', 'Hello {{name}}', '{{name}}'],
    ['en/password_changed.txt', '{{link}}', '{{link}}'],
    ['de/verification.subject.txt', '{{#if x}}', '{{#if x}}'],
    ['de/verificatoin.txt', 'Hallo', 'no mail has a template of this name'],
  ])('with a mistake is refused by its file name: %s', async (name, text, complaint) => {
    await own(name, text);
    const loading = loadMailTemplates({ locale: 'de', templatesDir });
    await expect(loading).rejects.toThrow(name);
    await expect(loading).rejects.toThrow(complaint);
  });

  test('with a mistake stops the start with exit code 78, and so does a missing folder', async () => {
    await own('en/verification.txt', 'Hello {{name}}');
    const database = await createTestDatabase();
    const env = {
      DATABASE_URL: database.url,
      KEY_ENCRYPTION_KEYS: Buffer.alloc(32, 1).toString('base64'),
      INTERNAL_ENDPOINTS_SECRET: 'an internal secret of a good length',
      PORT: '0',
    };
    const bad = spawnGateway({ ...env, MAIL_TEMPLATES_DIR: templatesDir });
    const missing = spawnGateway({ ...env, MAIL_TEMPLATES_DIR: join(templatesDir, 'nowhere') });
    expect(await Promise.all([bad.end(), missing.end()])).toEqual([78, 78]);
    expect(bad.output()).toContain(join(templatesDir, 'en/verification.txt'));
    expect(bad.output()).toContain('{{name}}');
    expect(missing.output()).toContain('MAIL_TEMPLATES_DIR');
    await database.drop();
  });
});

describe('names in mails', () => {
  test.each([
    ['Ada Lovelace', 'Ada Lovelace'],
    ['J.R.R. Tolkien', 'J. R. R. Tolkien'],
    ['Node.js', 'Node. js'],
    ['Zoë 🔑 王', 'Zoë 🔑 王'],
    ['https://evil.example/x', 'https: //evil. example/x'],
    ['www.evil.example', 'www. evil. example'],
    ['evil。example', 'evil。 example'],
    ['evil．example', 'evil. example'],
    ['evil․example', 'evil. example'],
    ['e\u200bvil\u00ad.\u2060example', 'evil. example'],
    ['mailto:a@b.example', 'mailto: a@ b. example'],
    ['192.0.2.1', '192. 0. 2. 1'],
    ['a\r\nBcc: x\u0000y\u2028z', 'a Bcc: x y z'],
    ['\u202egnp.exe', 'gnp. exe'],
    ['<script>{{link}}', 'scriptlink'],
    ['x'.repeat(300), `${'x'.repeat(60)}…`],
    ['\u200b\u202e  ', null],
  ])('the name %j is shown as %j', (name, shown) => expect(plainWords(name)).toBe(shown));

  test.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
      'Chrome, Windows',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
      'Safari, iPhone',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox, Linux'],
    ['visit https://evil.example', null],
    [null, null],
  ])('the device %j is shown as %j', (userAgent, shown) => expect(deviceWords(userAgent)).toBe(shown));
});
