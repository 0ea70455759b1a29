import { expect } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';

/** The header of a client that reads the errors of 2024-01-01. */
export const NAMED = { 'x-supabase-api-version': '2024-01-01' };

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

export type WireAnswer = { status: number; headers: Headers; body: unknown };

/** A time as GoTrue writes it. */
export const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);

type Sent = { body?: unknown; headers?: Record<string, string> };

/** Sends a request to the GoTrue dialect. A text is sent as it is, any other body as JSON. */
export async function send(
  { url }: Pick<TestGateway, 'url'>,
  method: string,
  path: string,
  { body, headers = {} }: Sent = {},
): Promise<WireAnswer> {
  const answer = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text) };
}

/** Expects an error of GoTrue, in the form for clients that ask for no version. */
export function expectError(answer: WireAnswer, status: number, code: string, msg: unknown): void {
  expect({ status: answer.status, body: answer.body }).toEqual({
    status,
    body: { code: status, error_code: code, msg },
  });
  expect(answer.headers.get('x-sb-error-code')).toBe(code);
}
