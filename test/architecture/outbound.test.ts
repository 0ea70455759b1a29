import { expect, test } from 'vitest';
import { readSources, type Sources } from './walls.ts';

/** What opens a connection to another server. SMTP has a library of its own. */
const CONNECTS = [
  /(?<![\w.`])fetch\(/,
  /import (?!type )\{[^}]*\b(?:request|get|connect|createConnection|Agent)\b[^}]*\} from 'node:(?:https?|http2|net|tls)'/,
  /from '(?:undici|axios|got|node-fetch)'/,
];

const connecting = (sources: Sources): string[] =>
  [...sources].filter(([, text]) => CONNECTS.some((pattern) => pattern.test(text))).map(([file]) => file);

/** The files that connect to servers which the operator alone names, besides `outbound/`. */
const TO_THE_OPERATORS_SERVERS = [
  'captcha/captcha.ts',
  'chain/bounded-fetch.ts',
  'commands/hasura/engine-http.ts',
  'db/driver/channel.ts',
  'db/driver/server-tls.ts',
];

test('requests to other servers go through outbound/', async () => {
  const found = connecting(await readSources());
  expect(found).toContain('outbound/request.ts');
  expect(found.filter((file) => !file.startsWith('outbound/')).sort()).toEqual(TO_THE_OPERATORS_SERVERS);
});

test.each([
  'const answer = await fetch(url);',
  "import { createServer, request } from 'node:http';",
  "import { get as getHttps } from 'node:https';",
  "import { connect } from 'node:tls';",
  "import { Pool } from 'undici';",
])('a request by %s is found', (line) => {
  expect(connecting(new Map([['sms/twilio.ts', line]]))).toEqual(['sms/twilio.ts']);
});

test.each([
  "import type { request } from 'node:http';",
  'await outbound.fetch(url);',
  "import { createServer } from 'node:net';",
])('%s is not a request', (line) => {
  expect(connecting(new Map([['sms/twilio.ts', line]]))).toEqual([]);
});
