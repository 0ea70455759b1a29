const truth = /^(?:true|false)$/;

/** The query parameters of SMTP_URL. The names are nodemailer's, which reads them from the URL. */
const SMTP_PARAMETERS: Readonly<Record<string, { pattern: RegExp; values: string }>> = {
  requireTLS: { pattern: truth, values: 'true or false' },
  ignoreTLS: { pattern: truth, values: 'true or false' },
  name: { pattern: /^[\w.:[\]-]{1,253}$/, values: 'a host name' },
  authMethod: { pattern: /^(?:PLAIN|LOGIN|CRAM-MD5)$/, values: 'PLAIN, LOGIN or CRAM-MD5' },
  'tls.servername': { pattern: /^[\w.-]{1,253}$/, values: 'a host name' },
  'tls.rejectUnauthorized': { pattern: truth, values: 'true or false' },
  'tls.minVersion': { pattern: /^TLSv1\.[23]$/, values: 'TLSv1.2 or TLSv1.3' },
};

/**
 * Finds a problem in the query of an SMTP_URL; null if it is valid. Nodemailer ignores a misspelled parameter, and would send
 * without TLS. The problem quotes nothing of the URL: an unknown name may be a part of a password that is not encoded.
 */
export function smtpQueryProblem(url: string): string | null {
  const { searchParams } = new URL(url);
  const names = [...searchParams.keys()];
  if (names.some((name) => !Object.hasOwn(SMTP_PARAMETERS, name)))
    return `its query has an unknown parameter; known are ${Object.keys(SMTP_PARAMETERS).join(', ')}`;
  for (const [name, { pattern, values }] of Object.entries(SMTP_PARAMETERS)) {
    const given = searchParams.getAll(name);
    if (given.length > 1) return `its query has ${name} twice`;
    if (given.some((value) => !pattern.test(value))) return `${name} must be ${values}`;
  }
  const isOn = (name: string) => searchParams.get(name) === 'true';
  return isOn('requireTLS') && isOn('ignoreTLS') ? 'requireTLS and ignoreTLS exclude each other' : null;
}
