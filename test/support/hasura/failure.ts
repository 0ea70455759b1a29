/** An answer of the engine that is errors alone. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly answer: { data?: null; errors: readonly unknown[] };
  constructor(answer: { data?: null; errors: readonly unknown[] }) {
    super(JSON.stringify(answer.errors));
    this.answer = answer;
  }
}

/** The engine's own errors: a path into the request, a code with hyphens, HTTP status 200. */
export const refusal = (code: string, message: string, path = '$'): Failure =>
  new Failure({ errors: [{ message, extensions: { path, code } }] });
