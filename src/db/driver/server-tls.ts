import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { DatabaseTarget, TlsMode } from '../../config/database-url.ts';
import type { TlsFiles } from '../../config/tls-files.ts';
import { nextEvent } from './socket-events.ts';

/** A connection that could not be encrypted as the URL asks. */
export class TlsProblem extends Error {
  override readonly name = 'TlsProblem';
  /** SQLSTATE: the client could not establish the connection. */
  readonly code = '08001';
  constructor({ variable }: DatabaseTarget, problem: string, cause?: unknown) {
    super(`${variable}: ${problem}.`, { cause });
  }
}

const isVerified = (mode: TlsMode): boolean => mode === 'verify-ca' || mode === 'verify-full';

function tlsOptions(socket: Socket, { host, tls }: DatabaseTarget, files: TlsFiles): ConnectionOptions {
  return {
    socket,
    // The certificate must name this host. A name is also sent to the server; an address must not be (RFC 6066, section 3).
    host,
    ...(isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: isVerified(tls.mode),
    // `verify-ca` accepts every certificate that the authority signed.
    ...(tls.mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
    ...files,
    ...(tls.minVersion !== null && { minVersion: tls.minVersion }),
    ...(tls.maxVersion !== null && { maxVersion: tls.maxVersion }),
  };
}

function describe(target: DatabaseTarget, error: NodeJS.ErrnoException): Error {
  const code = error.code ?? 'unknown';
  // The server is away: TLS is not the problem.
  if (/^(?:ECONN|EPIPE|ETIMEDOUT)/.test(code)) return error;
  if (/^(?:ERR_SSL|ERR_OSSL|EPROTO)/.test(code))
    return new TlsProblem(target, `no TLS could be agreed on with the server (${code})`, error);
  return new TlsProblem(
    target,
    `the server’s certificate was not accepted (${code}). Name the file of its authority in sslrootcert, and the host as the certificate does`,
    error,
  );
}

/**
 * Starts TLS on a socket.
 * @throws TlsProblem if the server’s certificate is not accepted, or if both sides have no TLS version or cipher in common;
 * otherwise the socket’s error
 */
export async function startTls(socket: Socket, target: DatabaseTarget, files: TlsFiles): Promise<TLSSocket> {
  try {
    const secure = connect(tlsOptions(socket, target, files));
    secure.on('error', () => {}); // nextEvent reports it
    await nextEvent(secure, 'secureConnect');
    return secure;
  } catch (error) {
    socket.destroy();
    throw describe(target, error as NodeJS.ErrnoException);
  }
}
