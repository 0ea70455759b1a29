/**
 * A request to another server failed without an answer. Its message and its code quote nothing of the URL or of the answer, so
 * both may be logged.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  /**
   * `private_address`, `timeout`, `answer_too_large`, `unusable_answer`, `unusable_request`, or a code of Node.js (`ECONNREFUSED`,
   * `ENOTFOUND`); otherwise `unknown`.
   */
  readonly code: string;

  constructor(code: string) {
    super(`The request failed: ${code}.`);
    this.code = code;
  }
}

/** Returns the failure of a connection as an OutboundError. */
export function outboundError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return new OutboundError(typeof code === 'string' && /^\w+$/.test(code) ? code : 'unknown');
}
