type ErrorAnswer = { data?: null; errors: readonly unknown[] };

/** An answer of the engine that contains only errors. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly answer: ErrorAnswer;
  /** The HTTP status; the GraphQL endpoint always answers 200. */
  readonly status: number;
  constructor(answer: ErrorAnswer, status = 400) {
    super(JSON.stringify(answer.errors));
    this.answer = answer;
    this.status = status;
  }
}

type Reason = { error: string; path: string; code: string };

/** One of the engine's own errors, before an endpoint brings it into its own form. */
export class Refusal extends Failure {
  readonly reason: Reason;
  /** Details for the engine's log and its metadata API only. */
  readonly internal: object | null;
  constructor(reason: Reason, status = 400, internal: object | null = null) {
    const { error: message, path, code } = reason;
    super({ errors: [{ message, extensions: { path, code } }] }, status);
    this.reason = reason;
    this.internal = internal;
  }
}

/** The engine's own errors: a path into the request, a code with hyphens (hasura/README.md, "Answers of the engine"). */
export const refusal = (code: string, error: string, path = '$', status = 400): Refusal =>
  new Refusal({ error, path, code }, status);

/** The engine's name for the kind of a JSON value. */
export const kindOf = (value: unknown): string =>
  value === null
    ? 'Null'
    : Array.isArray(value)
      ? 'Array'
      : `${typeof value}`.replace(/^./, (first) => first.toUpperCase());
/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Record<string, unknown> => kindOf(value) === 'Object';
