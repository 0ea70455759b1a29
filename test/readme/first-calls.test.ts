import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { blocksOf } from './blocks.ts';

// README, "First calls", run by a shell: only the gateway's address and the token are replaced.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

async function shell(command: string): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)('sh', ['-ec', command]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('the first signs Grace up, the second asks who she is', async () => {
  const [block = ''] = await blocksOf('README.md', 'First calls', 'sh');
  const commands = block.trim().split(/\n\n/);
  expect(commands).toHaveLength(2);
  const [signUp = '', whoAmI = ''] = commands.map((command) =>
    command.replace('http://127.0.0.1:4000', gateway.url),
  );
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
