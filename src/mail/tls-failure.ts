/** A TLS failure of the mail server, explained for the operator's log. */
export type TlsFailure = {
  /** OpenSSL's or Node's code. */
  code: string;
  problem: string;
  /** The name that the certificate lacks. */
  expectedName?: string;
  /** The names that the certificate has. */
  certificateNames?: string[];
};

const UNKNOWN_ISSUER =
  'The certificate was issued by an authority that this machine does not trust. If it is your own, name its certificate in NODE_EXTRA_CA_CERTS.';

const PROBLEMS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'The certificate is self-signed. If it is your own, name it in NODE_EXTRA_CA_CERTS.',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_ISSUER,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `${UNKNOWN_ISSUER} Or the server does not send its intermediate certificates.`,
  CERT_UNTRUSTED: UNKNOWN_ISSUER,
  CERT_HAS_EXPIRED: 'The certificate has expired.',
  CERT_NOT_YET_VALID: 'The certificate is not valid yet.',
  CERT_REVOKED: 'The certificate was revoked.',
  CERT_SIGNATURE_FAILURE: 'The signature of the certificate is wrong.',
  INVALID_PURPOSE: 'The certificate is not for servers.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate is for another name than the one in SMTP_URL.',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'The server does not begin with TLS on this port. Use smtp:// for STARTTLS, or the port of smtps://.',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'The server and this machine have no TLS version in common.',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'The server and this machine have no TLS version in common.',
};

type ErrorFacts = {
  code?: unknown;
  originalCode?: unknown;
  command?: unknown;
  host?: unknown;
  cert?: { subjectaltname?: unknown };
};

const MAX_NAMES = 5;

/** DNS names alone: a certificate may also be for an email address. */
const namesOf = (subjectAltName: unknown): string[] =>
  (typeof subjectAltName === 'string' ? subjectAltName.slice(0, 4096) : '')
    .split(', ')
    .flatMap((name) => /^(?:DNS|IP Address):([\w.*:-]{1,253})$/.exec(name)?.[1] ?? [])
    .slice(0, MAX_NAMES);

/** Describes a TLS failure; null for any other error. Nodemailer keeps Node's code as `originalCode`. */
export function tlsFailure(error: Error): TlsFailure | null {
  const { code, originalCode, command, host, cert } = error as Error & ErrorFacts;
  if (code === 'ETLS' && command === 'STARTTLS')
    return { code, problem: 'The server does not offer STARTTLS, or refused it.' };
  if (typeof originalCode !== 'string' || !/^[A-Z][A-Z0-9_]{2,60}$/.test(originalCode)) return null;
  const problem = PROBLEMS[originalCode];
  if (problem === undefined && !/^ERR_(?:TLS|SSL)_|CERT|^CRL_|^HOSTNAME_/.test(originalCode)) return null;
  return {
    code: originalCode,
    problem: problem ?? 'The TLS connection could not be made.',
    ...(originalCode === 'ERR_TLS_CERT_ALTNAME_INVALID' && {
      ...(typeof host === 'string' && { expectedName: host.slice(0, 253) }),
      certificateNames: namesOf(cert?.subjectaltname),
    }),
  };
}
