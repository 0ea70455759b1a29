import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runUsers } from '../operators/command.ts';
import { LOGIN, newPerson, post } from '../support/gateway.ts';
import { type GatewayProcess, startProcess } from './process.ts';

// npm run users on the embedded database of npm start.

let dataDir: string;
let gateway: GatewayProcess | null = null;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'portcullis-users-'));
});
afterEach(async () => {
  if (gateway !== null && gateway.child.exitCode === null) await gateway.end('SIGKILL');
  gateway = null;
  await sleep(500); // the embedded server ends after its gateway
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
});

const create = ({ email, password }: { email: string; password: string }) =>
  runUsers(
    ['create', email, '--verified', '--password-stdin'],
    { DATA_DIR: dataDir },
    { stdin: `${password}\n` },
  );
const logsIn = async ({ email, password }: { email: string; password: string }) =>
  expect(
    await post(`${gateway?.url}/graphql`, { query: LOGIN, variables: { input: { email, password } } }),
  ).toMatchObject({ body: { data: { login: { user: { email, emailVerified: true } } } } });

test('the first user is one command before the first start, and one beside the running gateway', async () => {
  const [first, second] = [newPerson(), newPerson()];
  expect(await create(first)).toMatchObject({ code: 0, stderr: '' });
  // The command has stopped the server that it started.
  await expect(readFile(join(dataDir, 'postgres/postmaster.pid'))).rejects.toThrow('ENOENT');

  gateway = await startProcess({ DATA_DIR: dataDir });
  await logsIn(first);
  expect(await create(second)).toMatchObject({ code: 0, stderr: '' });
  await logsIn(second);
  expect((await fetch(`${gateway.url}/ready`)).status).toBe(200);
  expect(await gateway.end('SIGTERM')).toBe(0);

  const { stdout } = await runUsers(['list', '--json'], { DATA_DIR: dataDir });
  const { users } = JSON.parse(stdout) as { users: { email: string }[] };
  expect(users.map(({ email }) => email)).toEqual([first.email, second.email]);
});
