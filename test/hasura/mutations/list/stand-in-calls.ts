import type { Mutation } from '../mutation.ts';

const file = (name: string) => `test/support/hasura/${name}.ts`;

/** What the stand-in sends to the gateway, and makes of the answers (hasura/README.md, "Forwarded headers" and the next). */
export const standInCalls: readonly Mutation[] = [
  {
    breaks: 'a client’s x-hasura-* headers go on to the gateway',
    file: file('wire'),
    from: " || name.startsWith('x-hasura-')) continue;",
    to: ') continue;',
    scenarios: ['trust'],
  },
  {
    breaks: 'the gateway does not learn the page’s origin',
    file: file('wire'),
    from: "  origin: 'x-forwarded-origin',\n",
    to: '',
    scenarios: ['identity'],
  },
  {
    breaks: 'an action’s call belongs to no trace',
    file: file('actions'),
    from: '      ...traceHeaders(),\n',
    to: '',
    scenarios: ['wire'],
  },
  {
    breaks: 'a remote schema’s call belongs to no trace',
    file: file('remote-schema'),
    from: '{ ...headers, ...traceHeaders() }',
    to: '{ ...headers }',
    scenarios: ['wire'],
  },
  {
    breaks: 'a copy of the engine’s replaces one that the client sent',
    file: file('wire'),
    from: 'forwarded[copy] ??= value',
    to: 'forwarded[copy] = value',
    scenarios: ['wire', 'identity'],
  },
  {
    breaks: 'a page of any origin may send headers of its own',
    file: file('cors'),
    from: " || !(domains.includes('*') || domains.includes(origin))) return false;",
    to: ' || domains.length === 0) return false;',
    scenarios: ['identity'],
  },
  {
    breaks: 'a client’s header wins over a configured one',
    file: file('remote-schema'),
    from: '{ ...forwarded, ...session, ...configured }',
    to: '{ ...forwarded, ...configured, ...session }',
    scenarios: ['wire'],
  },
  {
    breaks: 'cookies get lost',
    file: file('execute'),
    from: 'cookies.push(...answer.cookies);',
    to: '',
    scenarios: ['identity'],
  },
  {
    breaks: 'cookies are set where something failed',
    file: file('endpoints'),
    from: 'send(response, 200, error.answer);',
    to: "response.setHeader('set-cookie', 'a=b');\n    send(response, 200, error.answer);",
    scenarios: ['wire-answers'],
  },
  {
    breaks: 'an empty list of errors is no error',
    file: file('remote-schema'),
    from: "if ('errors' in body) {",
    to: "if ('errors' in body && String(body.errors) !== '') {",
    scenarios: ['wire-answers'],
  },
  {
    breaks: 'the root fields are all asked at once',
    file: file('execute'),
    from: `  for (const field of fields) {
    const answer = await runRootField(run, field);`,
    to: `  for (const [field, asked] of fields.map((field) => [field, runRootField(run, field)] as const)) {
    const answer = await asked;`,
    scenarios: ['wire'],
  },
  {
    breaks: 'an action’s words are passed on with a 5xx',
    file: file('actions'),
    from: 'if (status < 400 || status >= 500) throw',
    to: 'if (status < 400) throw',
    scenarios: ['wire-answers'],
  },
  {
    breaks: 'everybody may call every action',
    file: file('actions'),
    from: "role === 'admin' || permissions.some((entry) => entry.role === role)",
    to: "role === 'admin' || permissions !== undefined",
    scenarios: ['console'],
  },
  {
    breaks: 'a redirect is followed without the secret',
    file: file('wire'),
    from: '    to = new URL(location, to).href;\n',
    to: "    to = new URL(location, to).href;\n    sent = { ...sent, headers: { ...sent.headers, 'x-hasura-gateway-secret': '' } };\n",
    scenarios: ['handlers'],
  },
  {
    breaks: 'an action leads to rows of a table that its caller may not read',
    file: file('role-schema'),
    from: ' && definitions.has(type.name.value)',
    to: '',
    scenarios: ['trust'],
  },
  {
    breaks: 'a cron trigger that failed is called as something new',
    file: file('cron'),
    from: 'await postJson({ ...call, headers: sent })',
    to: 'await postJson({ ...call, body: { ...call.body, id: randomUUID() }, headers: sent })',
    scenarios: ['cron'],
  },
  {
    breaks: 'a cron trigger that failed waits for its next time',
    file: file('cron'),
    from: 'tries <= retry_conf.num_retries',
    to: 'tries <= 0',
    scenarios: ['cron'],
  },
];
