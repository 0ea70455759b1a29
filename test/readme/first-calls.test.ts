import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { blocksOf } from './blocks.ts';

// A shell runs the calls in README.md and src/graphql/README.md, unchanged except for the gateway's address and the token.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

async function shell(command: string): Promise<Record<string, unknown>> {
  const here = command.replace('http://127.0.0.1:4000', gateway.url);
  const { stdout } = await promisify(execFile)('sh', ['-ec', here]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The value with all its strings replaced by the same string. */
const shapeOf = (value: object): unknown =>
  JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'string' ? '…' : v)));

test('the first calls of README sign Grace up and return her account', async () => {
  const signUps = await blocksOf('README.md', 'A first call', 'sh');
  const [shown = ''] = await blocksOf('README.md', 'A first call', 'json');
  const questions = await blocksOf('src/graphql/README.md', 'Who is signed in', 'sh');
  expect([signUps.length, questions.length]).toEqual([1, 1]);
  const [signUp = '', whoAmI = ''] = [...signUps, ...questions];
  const answer = (await shell(signUp)) as { data: { signup: Record<string, string> } };
  expect(answer).toEqual({
    data: {
      signup: {
        accessToken: expect.any(String),
        expiresAt: expect.any(String),
        refreshToken: expect.any(String),
        teamToken: expect.any(String),
      },
    },
  });
  expect(shapeOf(JSON.parse(shown))).toEqual(shapeOf(answer));
  expect(whoAmI).toContain('<accessToken>');
  expect(await shell(whoAmI.replace('<accessToken>', answer.data.signup.accessToken ?? ''))).toEqual({
    data: {
      me: {
        id: expect.any(String),
        email: 'grace@example.com',
        memberships: [{ role: 'OWNER', team: { name: 'Compilers' } }],
      },
    },
  });
});
