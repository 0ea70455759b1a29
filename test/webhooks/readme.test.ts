import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { blocksOf } from '../readme/blocks.ts';
import { signUp, startGateway } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { createWebhookSecret } from './receiver.ts';

test('the receiver of the README accepts a webhook of the gateway and refuses a forged one', async () => {
  const [code = ''] = await blocksOf('src/webhooks/README.md', 'Receive webhooks', 'js');
  const port = await freePort();
  const secret = createWebhookSecret();
  const receiver = spawn('node', ['--input-type=module', '--eval', code], {
    env: { PATH: process.env.PATH ?? '', PORT: String(port), WEBHOOK_SECRET: secret },
  });
  onTestFinished(() => void receiver.kill());
  let output = '';
  for (const stream of [receiver.stdout, receiver.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk));
  const url = `http://127.0.0.1:${port}/`;
  const forge = () => {
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(Date.now() / 1000)) };
    const signed = { ...headers, 'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}` };
    return fetch(url, { method: 'POST', headers: signed, body: '{"type":"user.deleted","data":{}}' });
  };
  await expect
    .poll(() =>
      forge()
        .then(({ status }) => status)
        .catch(() => output),
    )
    .toBe(401);

  const gateway = await startGateway({
    env: { WEBHOOK_URLS: url, WEBHOOK_SECRETS: secret, WEBHOOK_ALLOW_PRIVATE: 'loopback', SMTP_URL: 'off' },
  });
  onTestFinished(gateway.close);
  const { user } = await signUp(gateway);
  await expect.poll(() => output).toMatch(new RegExp(`^msg_\\S+ user\\.created ${user.id}\n$`));
});
