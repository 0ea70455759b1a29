import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { type DatabaseTarget, DatabaseUrlError } from './database-url.ts';

/** The contents of the files that the URL's `sslrootcert`, `sslcert` and `sslkey` name. */
export type TlsFiles = Readonly<{ ca?: Buffer; cert?: Buffer; key?: Buffer; passphrase?: string }>;

/**
 * Reads the files that a database's URL names for TLS.
 * @throws DatabaseUrlError naming the parameter whose file cannot be read or used
 */
export function readTlsFiles({ tls, variable }: DatabaseTarget): TlsFiles {
  const read = (parameter: string, path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      throw new DatabaseUrlError(variable, `the file of ${parameter} cannot be read (${code}).`);
    }
  };
  const files: TlsFiles = {
    ...(tls.rootCertificatePath !== null && { ca: read('sslrootcert', tls.rootCertificatePath) }),
    ...(tls.certificatePath !== null && { cert: read('sslcert', tls.certificatePath) }),
    ...(tls.keyPath !== null && { key: read('sslkey', tls.keyPath) }),
    ...(tls.keyPassword !== null && { passphrase: tls.keyPassword }),
  };
  if (files.ca !== undefined && !files.ca.includes('-----BEGIN'))
    throw new DatabaseUrlError(variable, 'the file of sslrootcert holds no certificate in PEM.');
  try {
    createSecureContext(files);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new DatabaseUrlError(
      variable,
      `the files of sslcert and sslkey do not match or are not PEM, or sslpassword is wrong (${code}).`,
    );
  }
  return files;
}
