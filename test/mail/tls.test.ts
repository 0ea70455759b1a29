import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ConfigError, readConfig } from '../../src/config/read-config.ts';
import { startProcess } from '../boot/process.ts';
import { createTestDatabase } from '../support/database.ts';
import { newPerson, post, SIGNUP, signUp, startGateway } from '../support/gateway.ts';
import { type Authority, type Certificate, createAuthority } from './certificates.ts';
import { startSmtp } from './smtp.ts';
import { startWireSmtp, type WireSmtp } from './smtp-wire.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await createAuthority();
});
afterAll(() => authority.close());

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const serverWith = async (certificate: Certificate, options: object = {}): Promise<WireSmtp> => {
  const smtp = await startWireSmtp({ ...certificate, ...options });
  closing.push(smtp.stop);
  return smtp;
};

type Logged = { msg: string; level: string; smtp: { tls?: object } };

const failureIn = (log: string): Logged | undefined =>
  log
    .split('\n')
    .filter((line) => line.includes('"smtp":'))
    .map((line) => JSON.parse(line) as Logged)
    .find(({ level }) => level === 'warn');

/** Signs a person up at a gateway in this process, and returns the log's line about the failed mail. */
async function failureAt(SMTP_URL: string): Promise<Logged | undefined> {
  const gateway = await startGateway({ env: { SMTP_URL } });
  closing.push(gateway.close);
  const person = newPerson();
  await signUp(gateway, person);
  await expect.poll(() => failureIn(gateway.logged())).toBeDefined();
  expect(gateway.logged()).not.toContain(person.email);
  return failureIn(gateway.logged());
}

/** Like `failureAt`, for a gateway's process that trusts the test's authority. */
async function failureOfProcessAt(SMTP_URL: string): Promise<Logged | undefined> {
  const database = await createTestDatabase();
  closing.push(database.drop);
  const gateway = await startProcess({
    ...{ DATABASE_URL: database.url, SMTP_URL, NODE_EXTRA_CA_CERTS: authority.file },
    INTERNAL_ENDPOINTS_SECRET: randomBytes(32).toString('hex'),
    KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
  });
  closing.push(() => gateway.end('SIGTERM'));
  await post(`${gateway.url}/graphql`, { query: SIGNUP, variables: { input: newPerson() } });
  const log = () => gateway.output().slice(0, gateway.output().lastIndexOf('\n') + 1);
  await expect.poll(() => failureIn(log())).toBeDefined();
  return failureIn(log());
}

describe('a mail server with a bad certificate', () => {
  test.each([
    ['STARTTLS', {}, 'smtp'],
    ['TLS from the start', { secure: true }, 'smtps'],
  ])(
    'gets no mail by %s, and the log says that the certificate is self-signed',
    async (_how, options, scheme) => {
      const smtp = await serverWith(await authority.selfSigned('IP:127.0.0.1'), options);
      expect(await failureAt(`${scheme}://127.0.0.1:${smtp.port}`)).toMatchObject({
        msg: 'A mail could not be delivered yet; it will be tried again.',
        smtp: {
          tls: {
            code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
            problem: 'The certificate is self-signed. If it is your own, name it in NODE_EXTRA_CA_CERTS.',
          },
        },
      });
      expect(smtp.recipients()).toEqual([]);
    },
  );

  test('gets no mail, and the log says that its authority is unknown', async () => {
    const smtp = await serverWith(await authority.issue('IP:127.0.0.1', 2));
    expect(await failureAt(`smtp://127.0.0.1:${smtp.port}`)).toMatchObject({
      smtp: {
        tls: {
          code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
          problem: expect.stringContaining('an authority that this machine does not trust'),
        },
      },
    });
  });

  test('gets no mail, and the log says that the certificate has expired', async () => {
    const smtp = await serverWith(await authority.issue('IP:127.0.0.1', -1));
    expect(await failureOfProcessAt(`smtp://127.0.0.1:${smtp.port}`)).toMatchObject({
      smtp: { tls: { code: 'CERT_HAS_EXPIRED', problem: 'The certificate has expired.' } },
    });
    expect(smtp.recipients()).toEqual([]);
  });

  test('gets no mail, and the log shows the expected name and the names of the certificate', async () => {
    const smtp = await serverWith(await authority.issue('DNS:smtp.example.net,email:ann@example.net', 2));
    expect((await failureOfProcessAt(`smtp://localhost:${smtp.port}`))?.smtp.tls).toEqual({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      problem: 'The certificate is for another name than the one in SMTP_URL.',
      expectedName: 'localhost',
      certificateNames: ['smtp.example.net'],
    });
  });

  test('is logged differently from a server that does not begin with TLS', async () => {
    const smtp = await startSmtp();
    closing.push(smtp.stop);
    expect(await failureAt(`smtps://127.0.0.1:${smtp.port}`)).toMatchObject({
      smtp: { tls: { problem: expect.stringContaining('does not begin with TLS') } },
    });
  });
});

describe('SMTP_URL', () => {
  test('with requireTLS=true sends no mail to a server without STARTTLS, and the log says why', async () => {
    const smtp = await startWireSmtp();
    closing.push(smtp.stop);
    expect(await failureAt(`smtp://127.0.0.1:${smtp.port}?requireTLS=true`)).toMatchObject({
      smtp: { code: 'ETLS', tls: { problem: 'The server does not offer STARTTLS, or refused it.' } },
    });
    expect(smtp.commands.join('\n')).not.toMatch(/MAIL FROM|AUTH/);
  });

  test('with requireTLS=true sends mail over STARTTLS', async () => {
    const smtp = await serverWith(await authority.selfSigned('IP:127.0.0.1'));
    const query = 'requireTLS=true&tls.rejectUnauthorized=false';
    const gateway = await startGateway({ env: { SMTP_URL: `smtp://127.0.0.1:${smtp.port}?${query}` } });
    closing.push(gateway.close);
    const person = newPerson();
    await signUp(gateway, person);
    await expect.poll(() => smtp.recipients()).toEqual([person.email]);
    expect(smtp.commands).toContain('STARTTLS');
  });

  test.each([
    ['requiretls=true', 'its query has an unknown parameter; known are requireTLS'],
    ['pa55word', 'its query has an unknown parameter; known are requireTLS'],
    ['requireTLS', 'requireTLS must be true or false'],
    ['requireTLS=yes', 'requireTLS must be true or false'],
    ['requireTLS=true&requireTLS=false', 'has requireTLS twice'],
    ['requireTLS=true&ignoreTLS=true', 'requireTLS and ignoreTLS exclude each other'],
  ])('is refused at the start with the query %s', (query, problem) => {
    const read = () => readConfig({ SMTP_URL: `smtp://mail.example.com?${query}` });
    expect(read).toThrow(
      expect.objectContaining({ problems: [expect.stringContaining(problem)] }) as ConfigError,
    );
    expect(read).not.toThrow(/pa55word/);
  });
});
