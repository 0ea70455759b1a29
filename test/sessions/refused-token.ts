import { expect } from 'vitest';
import { bearer, ME, type TestGateway } from '../support/gateway.ts';

/** Expects that a bad token fails only the field that needs a user: status 200 and `unauthenticated`. */
export async function expectRefused(
  gateway: TestGateway,
  token: string,
  message: unknown = expect.any(String),
): Promise<void> {
  const { status, body } = await gateway.post('/graphql', { query: ME }, bearer(token));
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      data: { me: null },
      errors: [
        {
          message,
          locations: [{ line: 2, column: 14 }],
          path: ['me'],
          extensions: { code: 'unauthenticated', attribute: null },
        },
      ],
    },
  });
}
