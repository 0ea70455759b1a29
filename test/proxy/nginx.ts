import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/ports.ts';

export type RunningProxy = {
  /** Ports on 127.0.0.1, as the compose file publishes them. */
  gateway: number;
  hasura: number;
  close(): Promise<void>;
};

const NGINX = process.env.NGINX ?? 'nginx';

/** @throws Error if the machine has no nginx, by the variable NGINX or in the path */
export function requireNginx(): void {
  try {
    execFileSync(NGINX, ['-v'], { stdio: 'ignore' });
  } catch {
    throw new Error('Not run: nginx is missing (Debian: nginx-light), and NGINX does not name one.');
  }
}

/**
 * Starts the compose file's proxy: `hasura/proxy/` with this machine's addresses in place of those in Docker.
 * @param upstreams the ports of the gateway and of Hasura on 127.0.0.1
 */
export async function startProxy(
  upstreams: { gateway: number; hasura: number },
  trustedProxies = '',
): Promise<RunningProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-proxy-'));
  const [gateway, hasura, health] = [await freePort(), await freePort(), await freePort()];
  const replacements: [from: string | RegExp, to: string][] = [
    ['gateway:4000', `127.0.0.1:${upstreams.gateway}`],
    ['hasura:8080', `127.0.0.1:${upstreams.hasura}`],
    ['listen 4000', `listen 127.0.0.1:${gateway}`],
    ['listen 8080', `listen 127.0.0.1:${hasura}`],
    ['listen 127.0.0.1:8000', `listen 127.0.0.1:${health}`],
    [/\/tmp\//g, `${folder}/`],
    [/\/etc\/portcullis\//g, `${folder}/`],
    ['exec nginx', `exec ${NGINX}`],
  ];
  // An nginx that root starts has workers of another user.
  await chmod(folder, 0o755);
  await cp('hasura/proxy', folder, { recursive: true });
  for (const file of ['nginx.conf', 'start.sh']) {
    const text = await readFile(join(folder, file), 'utf8');
    const changed = replacements.reduce((changing, [from, to]) => changing.replace(from, to), text);
    await writeFile(join(folder, file), changed);
  }
  const child = spawn('sh', [join(folder, 'start.sh')], {
    env: { PATH: process.env.PATH, TRUSTED_PROXIES: trustedProxies },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk));
  const close = async () => {
    if (child.exitCode === null) {
      child.kill('SIGQUIT');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  const health200 = () =>
    fetch(`http://127.0.0.1:${health}/`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await health200())) {
    if (child.exitCode !== null) {
      await close();
      throw new Error(`nginx did not start: ${log}`);
    }
    await sleep(20);
  }
  return { gateway, hasura, close };
}

export type Answer = { status: number; headers: Record<string, unknown>; text: string; body: unknown };

/** Sends a request from a loopback address, which stands for a client. */
export function send(
  port: number,
  path: string,
  {
    from = '127.0.0.1',
    headers = {},
    body,
  }: { from?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      ...{ host: '127.0.0.1', port, path, localAddress: from, agent: false as const },
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    };
    const sent = request(options, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString('utf8');
      const isJson = /json/.test(response.headers['content-type'] ?? '');
      const { statusCode: status = 0, headers: answered } = response;
      resolve({ status, headers: answered, text, body: isJson && text !== '' ? JSON.parse(text) : null });
    });
    sent.on('error', reject).end(body);
  });
}
