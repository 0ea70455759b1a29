import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectsOf } from '../../../src/commands/hasura/install/json.ts';
import type { Engine } from '../../support/hasura/engine.ts';
import { exported, metadataApi } from './command.ts';
import { type EngineRelay, type Step, startRelay } from './engine-relay.ts';
import { createSetting, type Setting } from './setting.ts';

// Other clients of the metadata API, and answers that do not come.

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting();
});
afterAll(() => setting.close());

async function startWithRelay(): Promise<{ engine: Engine; relay: EngineRelay }> {
  const { engine } = await setting.startForeign();
  return { engine, relay: setting.closes(await startRelay(engine)) };
}

/** Another operator's change of the metadata. */
const edit = (engine: Engine, name: string) =>
  metadataApi(engine, {
    type: 'create_cron_trigger',
    args: { name, webhook: '{{SHOP_URL}}/x', schedule: '0 0 * * *', include_in_metadata: true },
  });

const isReplace = ({ body }: { body: string }) => body.includes('"type":"bulk"');

/** Edits the metadata before the installer's first requests that replace them. */
function editing(engine: Engine, times: number): Step {
  let edits = 0;
  return async (request) => {
    if (isReplace(request) && edits < times) await edit(engine, `edit_${edits++}`);
  };
}

const cronTriggers = async (engine: Engine) =>
  objectsOf((await exported(engine)).metadata.cron_triggers).map(({ name }) => String(name));

test('three edits between export and replace are repeated, and no edit is lost', async () => {
  const { engine, relay } = await startWithRelay();
  const count = (await setting.folder.backups()).length;
  relay.before(editing(engine, 3));
  expect(await setting.install(relay)).toMatchObject({ code: 0, err: '' });
  expect(await cronTriggers(engine)).toEqual(expect.arrayContaining(['edit_0', 'edit_1', 'edit_2', 'prune']));
  // Only the backup of the attempt that was written stays.
  expect(await setting.folder.backups()).toHaveLength(count + 1);
});

test('an edit at each attempt ends the command without a change and without a backup', async () => {
  const { engine, relay } = await startWithRelay();
  const count = (await setting.folder.backups()).length;
  relay.before(editing(engine, 9));
  expect(await setting.install(relay)).toEqual({
    code: 1,
    out: '',
    err: 'Nothing was changed: the engine’s metadata changed at each attempt. Run the command again.\n',
  });
  expect(await cronTriggers(engine)).toEqual(expect.not.arrayContaining(['prune']));
  expect(await setting.folder.backups()).toHaveLength(count);
});

test('two installers at once install once, and nothing of theirs is lost', async () => {
  const { engine } = await setting.startForeign();
  const [first, second] = await Promise.all([setting.install(engine), setting.install(engine)]);
  expect([first.code, second.code]).toEqual([0, 0]);
  expect((await setting.install(engine)).out).toContain('Everything is installed already');
  expect(await setting.install(engine, '--remove')).toMatchObject({ code: 0 });
});

test('an edit right after the replacement is reported with the backup', async () => {
  const { engine, relay } = await startWithRelay();
  relay.after(async (request) => {
    if (isReplace(request)) await edit(engine, 'later');
  });
  const { code, err } = await setting.install(relay);
  expect(code).toBe(1);
  expect(err).toMatch(
    /^Installed, but objects of yours differ from before\..* The backup is .*\.json\.\n {2}cron trigger later\n$/,
  );
});

test('without an answer the command names the backup, and another run finds what happened', async () => {
  const { engine, relay } = await startWithRelay();
  relay.after(async (request) => (isReplace(request) ? { status: 0 } : undefined));
  const lost = await setting.install(relay);
  expect(lost.code).toBe(1);
  expect(lost.err).toMatch(
    /^The answer of the engine did not come, .* The backup is .*\.json\.\n {2}The engine does not answer at /,
  );
  expect((await setting.install(engine)).out).toContain('Everything is installed already');
});

test('without the comparison afterwards the command says that the engine has the metadata, and names the backup', async () => {
  const { engine, relay } = await startWithRelay();
  let exports = 0;
  relay.before(async ({ body }) =>
    body.includes('"export_metadata"') && ++exports === 2 ? { status: 0 } : undefined,
  );
  const { code, err } = await setting.install(relay);
  expect(code).toBe(1);
  expect(err).toMatch(/^The engine has the new metadata, and was not compared .* The backup is .*\.json\.\n/);
  expect((await setting.install(engine)).out).toContain('Everything is installed already');
});

test.each([
  ['/v1alpha1/config', 0, 'The engine’s config API is off'],
  ['export_metadata', 1, 'The engine answers with JSON that cannot be read.'],
  ['introspect_remote_schema', 0, 'your remote schema reviews were not compared'],
  ['get_cron_triggers', 1, 'The server that answers with status 200 is not a graphql-engine.'],
  ['get_inconsistent_metadata', 1, 'The server that answers with status 200 is not a graphql-engine.'],
  ['"bulk"', 1, 'The answer of the engine did not come'],
])('a page of a proxy in place of %s is reported in words', async (asked, code, words) => {
  const { relay } = await startWithRelay();
  relay.before(async ({ path, body }) =>
    path.includes(asked) || body.includes(asked) ? { status: 200, body: '<html></html>' } : undefined,
  );
  const run = await setting.install(relay);
  expect(run.code).toBe(code);
  expect(run.out + run.err).toContain(words);
});

test('a name that only the engine finds twice is refused with the option that resolves it', async () => {
  const { relay } = await startWithRelay();
  const reason =
    "Encountered conflicting definitions in the selection set for 'subscription_root' for field 'me' defined in [table me].";
  relay.before(async (request) =>
    isReplace(request)
      ? { status: 500, body: JSON.stringify({ path: '$', code: 'unexpected', error: reason }) }
      : undefined,
  );
  expect((await setting.install(relay)).err).toContain('--namespace <name>');
});

test('a redirect is refused, and the server behind it never sees the admin secret', async () => {
  const { relay } = await startWithRelay();
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(JSON.stringify(request.headers));
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const location = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metadata`;
  for (const status of [301, 302, 307, 308]) {
    relay.before(async () => ({ status, headers: { location } }));
    const { code, err } = await setting.install(relay);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('redirects to') });
  }
  server.close();
  expect(seen).toEqual([]);
});

test('an upgrade makes the engine read the gateway’s schema in the request that brings the new SDLs', async () => {
  const { relay } = await startWithRelay();
  const bulks: string[] = [];
  relay.before(async (request) => {
    if (isReplace(request)) bulks.push(request.body);
  });
  const operations = (body: string | undefined) =>
    (JSON.parse(body ?? '{}') as { args: { type: string }[] }).args.map(({ type }) => type);
  expect(await setting.install(relay)).toMatchObject({ code: 0 });
  expect(operations(bulks[0])).toEqual(['replace_metadata']);
  expect(JSON.parse(bulks[0] ?? '{}')).toMatchObject({ type: 'bulk', resource_version: expect.any(Number) });
  expect(bulks[0]).toContain('"allow_inconsistent_metadata":false');
  expect(await setting.install(relay, '--namespace', 'auth')).toMatchObject({ code: 0, err: '' });
  expect(operations(bulks[1])).toEqual(['reload_metadata', 'replace_metadata']);
  expect(bulks).toHaveLength(2);
});
