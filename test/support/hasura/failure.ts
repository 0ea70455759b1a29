type ErrorAnswer = { data?: null; errors: readonly unknown[] };

/** An answer of the engine that is errors alone. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly answer: ErrorAnswer;
  /** Of HTTP; the GraphQL endpoint answers 200 all the same. */
  readonly status: number;
  constructor(answer: ErrorAnswer, status = 400) {
    super(JSON.stringify(answer.errors));
    this.answer = answer;
    this.status = status;
  }
}

type Reason = { error: string; path: string; code: string };

/** One of the engine's own errors, before an endpoint puts it into words of its own. */
export class Refusal extends Failure {
  readonly reason: Reason;
  /** What the engine tells nobody but itself, and its metadata API. */
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

/** What the engine calls a JSON value. */
export const kindOf = (value: unknown): string =>
  value === null
    ? 'Null'
    : Array.isArray(value)
      ? 'Array'
      : `${typeof value}`.replace(/^./, (first) => first.toUpperCase());
/** JSON objects alone. */
export const isObject = (value: unknown): value is Record<string, unknown> => kindOf(value) === 'Object';
