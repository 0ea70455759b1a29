import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { problemsOf } from './problems.ts';

const WEBHOOK_SECRETS = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const problemsWith = (env: Record<string, string>) => problemsOf({ WEBHOOK_SECRETS, ...env });

test.each([
  ['https://app.example.com/hooks/key', ''],
  ['http://127.0.0.1:3000/hooks', 'loopback'],
  ['http://localhost:3000/hooks', '127.0.0.0/8'],
  ['http://hooks.internal/x', 'hooks.internal'],
  ['http://[fd00::1]/x', 'fd00::/8'],
])('WEBHOOK_URLS accepts %s while %j is allowed', (WEBHOOK_URLS, WEBHOOK_ALLOW_PRIVATE) => {
  expect(problemsWith({ WEBHOOK_URLS, WEBHOOK_ALLOW_PRIVATE })).toEqual([]);
});

test.each([
  ['http://app.example.com/hooks', /^WEBHOOK_URLS: URL 1 needs https, or its host in WEBHOOK_ALLOW_PRIVATE$/],
  ['https://app.example.com, http://127.0.0.1:3000', /^WEBHOOK_URLS: URL 2 needs https/],
  ['https://user:hunter2@app.example.com', /^WEBHOOK_URLS: must not hold a user or a password$/],
  ['https://app.example.com/?key=hunter2', /^WEBHOOK_URLS: must not hold a query or a fragment$/],
  ['ftp://app.example.com', /^WEBHOOK_URLS: must be an http or https URL$/],
  [
    Array.from({ length: 6 }, (_, n) => `https://${n}.example.com`).join(),
    /^WEBHOOK_URLS: must be at most 5/,
  ],
])('WEBHOOK_URLS refuses %s', (WEBHOOK_URLS, problem) => {
  const problems = problemsWith({ WEBHOOK_URLS });
  expect(problems).toEqual([expect.stringMatching(problem)]);
  expect(problems.join()).not.toContain('hunter2');
});

test('an endpoint that is named twice gets each webhook once', () => {
  const env = { WEBHOOK_SECRETS, WEBHOOK_URLS: 'https://app.example.com, https://APP.example.com/' };
  expect(readConfig(env).webhooks.urls).toEqual(['https://app.example.com/']);
});

test.each([
  ['', /^WEBHOOK_URLS: needs WEBHOOK_SECRETS$/],
  ['hunter2', /^WEBHOOK_SECRETS: must be whsec_ and base64$/],
  [`whsec_${Buffer.alloc(23).toString('base64')}`, /^WEBHOOK_SECRETS: must be 24 to 64 bytes/],
  [`whsec_${Buffer.alloc(65).toString('base64')}`, /^WEBHOOK_SECRETS: must be 24 to 64 bytes/],
  [Array(4).fill(WEBHOOK_SECRETS).join(), /^WEBHOOK_SECRETS: must be at most 3 secrets$/],
])('WEBHOOK_SECRETS refuses %s', (secrets, problem) => {
  const problems = problemsWith({ WEBHOOK_URLS: 'https://app.example.com', WEBHOOK_SECRETS: secrets });
  expect(problems).toEqual([expect.stringMatching(problem)]);
});

test('WEBHOOK_EVENTS refuses an unknown event', () => {
  expect(problemsWith({ WEBHOOK_EVENTS: 'user.created,user.hacked' })).toEqual([
    expect.stringMatching(/^WEBHOOK_EVENTS: /),
  ]);
});

test.each(['10.0.0.0/99', '*', '*.internal', 'http://hooks.internal', '0.0.0.0/0'])(
  'WEBHOOK_ALLOW_PRIVATE refuses %s',
  (WEBHOOK_ALLOW_PRIVATE) => {
    expect(problemsWith({ WEBHOOK_ALLOW_PRIVATE })).toEqual([
      expect.stringMatching(/^WEBHOOK_ALLOW_PRIVATE: must be/),
    ]);
  },
);
