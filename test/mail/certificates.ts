import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Certificate = { key: string; cert: string };

export type Authority = {
  /** A file for NODE_EXTRA_CA_CERTS. */
  file: string;
  /** Issues a certificate that is valid for some days. A negative number makes one that has expired. */
  issue(names: string, days: number): Promise<Certificate>;
  /** Makes a self-signed certificate. */
  selfSigned(names: string): Promise<Certificate>;
  close(): Promise<void>;
};

/** A certificate authority of the test's own, made with OpenSSL's command. */
export async function createAuthority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-certificates-'));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = ['-subj', '/CN=portcullis test'];
  await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', ...subject);
  let serial = 1;
  const read = async (): Promise<Certificate> => ({
    key: await readFile(at('leaf.key'), 'utf8'),
    cert: await readFile(at('leaf.pem'), 'utf8'),
  });
  return {
    file: at('ca.pem'),
    async issue(names, days) {
      serial += 1;
      await writeFile(at('extensions'), `subjectAltName=${names}\n`);
      await openssl('req', ...newKey, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=mail');
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-extfile', 'extensions'];
      await openssl(
        ...['x509', '-req', '-in', 'leaf.csr', '-out', 'leaf.pem', '-set_serial', String(serial)],
        ...[...signed, '-days', String(days)],
      );
      return read();
    },
    async selfSigned(names) {
      const extension = ['-addext', `subjectAltName=${names}`];
      await openssl(
        ...['req', '-x509', ...newKey, '-keyout', 'leaf.key', '-out', 'leaf.pem', '-days', '2'],
        ...[...subject, ...extension],
      );
      return read();
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
