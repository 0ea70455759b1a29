/**
 * What went wrong with a provider. `unavailable`: it does not answer, or not in time. `refused`: it refuses the code or the client.
 * `invalid`: what it answered, or the ID token, must not be believed.
 */
export type ProviderFault = 'unavailable' | 'refused' | 'invalid';

/** A provider could not tell who a person is. Its message quotes nothing that was sent or received, so it may be logged. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly fault: ProviderFault;

  constructor(fault: ProviderFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** A code as libraries and OAuth have it: nothing that a person wrote. */
const isCode = (value: unknown): value is string => typeof value === 'string' && /^\w{1,64}$/.test(value);

/** The part of an error of a library that may be logged. */
type Detailed = { code?: unknown; error?: unknown; name?: unknown; cause?: unknown };

/** The codes along the causes of an error, for the log. */
function codesOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [];
  const { code, error: refusal, cause } = error as Detailed;
  return [...[code, refusal].filter(isCode), ...codesOf(cause)];
}

/** The codes of OAuth by which a provider refuses the gateway or a code (RFC 6749 section 5.2). */
const REFUSALS = [
  'invalid_grant',
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'access_denied',
];

/** The codes of a connection that failed: those of Node.js and of the gateway's outbound requests. */
const FAILED_CONNECTION =
  /^(?:E[A-Z_]+|timeout|private_address|answer_too_large|unusable_\w+|OAUTH_TIMEOUT|unknown)$/;

/** Returns an error of a library, or of a connection, as a ProviderError. */
export function providerError(error: unknown, during: string): ProviderError {
  if (error instanceof ProviderError) return error;
  const codes = codesOf(error);
  const message = `${during} failed: ${codes.slice(0, 3).join(', ') || 'unknown'}.`;
  if (codes.some((code) => REFUSALS.includes(code))) return new ProviderError('refused', message);
  const failed = codes.some((code) => FAILED_CONNECTION.test(code) && !code.startsWith('ERR_'));
  return new ProviderError(failed ? 'unavailable' : 'invalid', message);
}
