import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, SIGNUP } from '../../support/gateway.ts';
import type { Engine } from '../../support/hasura/engine.ts';
import type { Clash } from '../../support/hasura/foreign/metadata.ts';
import { ask, exported, metadataApi, type Run, spawnInstall } from './command.ts';
import { createSetting, type EngineSetting, type Setting } from './setting.ts';

// `npm run hasura:install` on an engine that runs the application of another team.

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting();
});
afterAll(() => setting.close());

const install = (engine: Engine, ...args: string[]): Promise<Run> => setting.install(engine, ...args);
const startForeign = (given?: EngineSetting) => setting.startForeign(given);

const INSTALLED = /Installed\. Nothing else changed\./;

describe('a foreign application', () => {
  test('keeps every digit through dry run, installation, repetition and removal', async () => {
    const { engine } = await startForeign();
    const before = await exported(engine);
    const count = (await setting.folder.backups()).length;

    const dry = await spawnInstall(engine, ['--dry-run'], {
      gateway: setting.gateway,
      cwd: setting.folder.path,
    });
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out).toMatch(
      /source portcullis, table portcullis\.users\n[\s\S]*Nothing was sent \(--dry-run\)\.\n$/,
    );
    expect(await exported(engine)).toEqual(before);

    const installed = await spawnInstall(engine, [], { gateway: setting.gateway, cwd: setting.folder.path });
    expect(installed).toMatchObject({ code: 0, err: '' });
    expect(installed.out).toMatch(INSTALLED);
    expect(installed.out).toContain(
      'The engine believes the gateway’s tokens, and refuses those of another key.',
    );
    expect(installed.out).toContain(
      'The gateway answers through the engine. Its issuer is https://auth.example.com.',
    );
    expect(installed.out).toContain('Your role user gains the fields of Portcullis.');
    expect(await engine.inconsistent()).toEqual([]);
    expect(engine.effects()).toEqual([]);
    const after = await exported(engine);
    const again = await install(engine);
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(again.out).toMatch(/Everything is installed already: nothing was sent\.\n$/);
    expect(await exported(engine)).toEqual(after);
    const backups = await setting.folder.backups();
    expect(backups).toHaveLength(count + 1);
    expect(backups.at(-1)?.mode).toBe(0o600);
    expect(backups.at(-1)?.text).toContain(before.text);

    const removed = await install(engine, '--remove');
    expect(removed).toMatchObject({ code: 0, err: '' });
    expect(removed.out).toMatch(/Removed\. Nothing else changed\./);
    expect((await exported(engine)).text).toBe(before.text);
    expect(await engine.inconsistent()).toEqual([]);
    expect(engine.effects().filter((effect) => !/refresh_ens|prune/.test(effect))).toEqual([]);
    expect((await install(engine, '--remove')).out).toBe('Nothing of Portcullis is installed.\n');
  });

  test('and the gateway serve one role user, each its own data', async () => {
    const { engine } = await startForeign();
    expect(await install(engine)).toMatchObject({ code: 0 });
    const person = newPerson();
    const { signup } = await setting.gateway.graphql<{ signup: { accessToken: string } }>(SIGNUP, {
      input: person,
    });
    const authorization = `Bearer ${signup.accessToken}`;
    expect(
      await ask(engine, '{ me { email } portcullis_users { email } orders { id } }', { authorization }),
    ).toEqual({
      data: { me: { email: person.email }, portcullis_users: [{ email: person.email }], orders: [] },
    });
    expect(
      await ask(engine, '{ orders { id total } }', { 'x-hasura-admin-secret': engine.adminSecret }),
    ).toMatchObject({
      data: { orders: expect.any(Array) },
    });
  });

  test('gets its metadata back by the backup', async () => {
    const { engine } = await startForeign();
    const before = await exported(engine);
    expect(await install(engine)).toMatchObject({ code: 0 });
    const backup = (await setting.folder.backups()).at(-1)?.text ?? '';
    expect(await metadataApi(engine, backup)).toMatchObject({ status: 200 });
    expect((await exported(engine)).text).toBe(before.text);
  });
});

describe('clashes', () => {
  test.each<[Clash, string[], string]>([
    [
      'sessions',
      ['--namespace', 'auth'],
      'The root field sessions of table public.sessions of source default would clash with Portcullis: use --namespace <name>.',
    ],
    [
      'me',
      ['--namespace', 'auth'],
      'The root field me of action me would clash with Portcullis: use --namespace <name>.',
    ],
    [
      'User',
      ['--type-prefix', 'Auth_'],
      "The type User of the actions' type User would clash with Portcullis: use --type-prefix <prefix>.",
    ],
    [
      'user table',
      ['--type-prefix', 'Auth_', '--namespace', 'auth'],
      `The root fields updateUser, deleteUser of table public.user of source default would clash with Portcullis: use --namespace <name>.
  The type User of table public.user of source default would clash with Portcullis: use --type-prefix <prefix>.`,
    ],
  ])('the name %s is refused, and the options that are named resolve it', async (clash, options, lines) => {
    const { engine } = await startForeign({ clashes: [clash] });
    const before = await exported(engine);
    const refused = await install(engine);
    expect(refused).toEqual({
      code: 1,
      out: '',
      err: `Not installed: names of yours would clash with Portcullis.\n  ${lines}\n`,
    });
    expect(await exported(engine)).toEqual(before);
    const resolved = await install(engine, ...options);
    expect(resolved).toMatchObject({ code: 0, err: '' });
    expect(await engine.inconsistent()).toEqual([]);
    expect((await install(engine)).out).toContain('Everything is installed already');
    expect(await install(engine, '--remove')).toMatchObject({ code: 0, err: '' });
    expect((await exported(engine)).text).toBe(before.text);
  });

  test('with a namespace and a prefix the gateway answers below the namespace, and joins still lead to it', async () => {
    const { engine } = await startForeign({ clashes: ['sessions', 'me', 'User'] });
    const installed = await install(engine, '--namespace', 'auth', '--type-prefix', 'Auth_');
    expect(installed).toMatchObject({ code: 0, err: '' });
    expect(installed.out).toContain('The gateway answers through the engine.');
    const { signup } = await setting.gateway.graphql<{ signup: { accessToken: string } }>(SIGNUP, {
      input: newPerson(),
    });
    const authorization = `Bearer ${signup.accessToken}`;
    expect(
      await ask(
        engine,
        '{ auth { me { id __typename } } auth_portcullis_teams { name gateway_team { myRole } } }',
        { authorization },
      ),
    ).toMatchObject({
      data: {
        auth: { me: { __typename: 'Auth_User' } },
        auth_portcullis_teams: [{ gateway_team: { myRole: 'OWNER' } }],
      },
    });
  });

  test('a hidden cron trigger of our name is refused', async () => {
    const { engine } = await startForeign();
    const args = {
      name: 'prune',
      webhook: '{{SHOP_URL}}/x',
      schedule: '0 0 * * *',
      include_in_metadata: false,
    };
    expect(await metadataApi(engine, { type: 'create_cron_trigger', args })).toMatchObject({ status: 200 });
    const before = await exported(engine);
    const refused = await install(engine);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/prune/);
    expect(await exported(engine)).toEqual(before);
    expect(await install(engine, '--namespace', 'auth')).toMatchObject({ code: 0, err: '' });
  });
});

describe('a source of theirs', () => {
  test('takes our tables if it uses the gateway’s database, and an upgrade finds them there', async () => {
    const connection_info = {
      ...{ database_url: { from_env: 'HASURA_SOURCE_DATABASE_URL' }, isolation_level: 'read-committed' },
      use_prepared_statements: true,
    };
    const app = { name: 'app', kind: 'postgres', tables: [], configuration: { connection_info } };
    const { engine } = await startForeign({ metadata: { version: 3, sources: [app] } });
    const before = await exported(engine);
    expect(await install(engine, '--source', 'app')).toMatchObject({ code: 0, err: '' });
    expect(await engine.inconsistent()).toEqual([]);
    expect((await install(engine)).out).toContain('Everything is installed already');
    expect((await exported(engine)).metadata.sources).toHaveLength(1);
    const person = newPerson();
    const { signup } = await setting.gateway.graphql<{ signup: { accessToken: string } }>(SIGNUP, {
      input: person,
    });
    expect(
      await ask(engine, '{ portcullis_users { email } }', { authorization: `Bearer ${signup.accessToken}` }),
    ).toEqual({
      data: { portcullis_users: [{ email: person.email }] },
    });
    expect(await install(engine, '--remove')).toMatchObject({ code: 0, err: '' });
    expect((await exported(engine)).text).toBe(before.text);
  });

  test('keeps its naming convention and its customization for our tables, and joins and permissions follow', async () => {
    const app = {
      ...{ name: 'app', kind: 'postgres', tables: [] },
      configuration: { connection_info: { database_url: { from_env: 'HASURA_SOURCE_DATABASE_URL' } } },
      customization: { naming_convention: 'graphql-default', root_fields: { prefix: 'my_' } },
    };
    const { engine } = await startForeign({
      metadata: { version: 3, sources: [app] },
      env: { HASURA_GRAPHQL_EXPERIMENTAL_FEATURES: 'naming_convention' },
    });
    const before = await exported(engine);
    expect(await install(engine, '--source', 'app')).toMatchObject({ code: 0, err: '' });
    expect(await engine.inconsistent()).toEqual([]);
    const input = newPerson();
    const { signup } = await setting.gateway.graphql<{ signup: { accessToken: string } }>(SIGNUP, { input });
    const query =
      '{ my_portcullisUsers { email createdAt memberships { team { gateway_team { myRole } } } } }';
    expect(await ask(engine, query, { authorization: `Bearer ${signup.accessToken}` })).toMatchObject({
      data: {
        my_portcullisUsers: [
          { email: input.email, memberships: [{ team: { gateway_team: { myRole: 'OWNER' } } }] },
        ],
      },
    });
    expect(await install(engine, '--remove')).toMatchObject({ code: 0, err: '' });
    expect((await exported(engine)).text).toBe(before.text);
  });

  test('without our tables in its database is refused by the engine, and nothing changes', async () => {
    const { engine } = await startForeign();
    const before = await exported(engine);
    const refused = await install(engine, '--source', 'default');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/^The engine refuses, and nothing was changed: /);
    expect(refused.err).toContain('portcullis.users');
    expect(await exported(engine)).toEqual(before);
  });
});
