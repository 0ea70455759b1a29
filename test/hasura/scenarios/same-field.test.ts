import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, signUp } from '../../support/gateway.ts';
import { type RecordedHasura, startRecordedHasura } from '../../support/hasura/recorded.ts';
import { type Frontend, frontend } from './frontend.ts';

// A field that is selected several times under one name: Hasura asks for it once, with all that is selected under it.

let hasura: RecordedHasura;
let page: Frontend;
let admin: Frontend;
beforeAll(async () => {
  hasura = await startRecordedHasura();
  const { gateway, engine } = hasura;
  const { accessToken } = await signUp(gateway, newPerson({ name: 'Ada', teamName: 'Engines' }));
  page = frontend(engine.url, { authorization: `Bearer ${accessToken}` });
  admin = frontend(engine.url, { 'x-hasura-admin-secret': engine.adminSecret });
  await gateway.sql`insert into portcullis.projects (id, team_id, name)
    select gen_random_uuid(), team_id, 'Looms' from portcullis.memberships`;
  hasura.reset();
});
afterAll(() => hasura.close());
afterEach(() => hasura.reset());

const queries = () => hasura.recorder.seen.map(({ body }) => String(body.query).replace(/\s+/g, ' '));

describe('the same field', () => {
  test('of the gateway is one request', async () => {
    const document = `query ($no: Boolean!) {
      authConfig { signup captcha { provider } }
      ... { me { id } }
      ...More
      authConfig @skip(if: $no) { signup captcha @include(if: $no) { siteKey } }
      authConfig @include(if: $no) { audience }
    } fragment More on query_root { authConfig { captcha { siteKey } issuer } }`;
    expect(await page.run(document, { no: false })).toEqual({
      authConfig: { signup: true, captcha: null, issuer: expect.any(String) },
      me: { id: expect.any(String) },
    });
    expect(queries()).toEqual([
      '{ authConfig { signup captcha { provider siteKey } issuer } }',
      '{ me { id } }',
    ]);
  });

  test('of an action is one call, and one key', async () => {
    const count = async () => (await hasura.gateway.sql`select id from portcullis.jwks`).length;
    const before = await count();
    const document = `mutation {
      generateJwk { success jwk { id } }
      generateJwk { id jwk { alg } ...Key }
    } fragment Key on GenerateJwkActionOutput { jwk { id } success }`;
    const { generateJwk } = await admin.run<{ generateJwk: { id: string } }>(document);
    const { id } = generateJwk;
    expect(generateJwk).toEqual({ success: true, id, jwk: { id, alg: 'ES256' } });
    expect(hasura.recorder.seen.map(({ path }) => path)).toEqual(['/hasura/actions/generateJwk']);
    expect(await count()).toBe(before + 1);
  });

  test('of a table is read once, with all that is behind it', async () => {
    const document = `{
      portcullis_projects { name team { name } }
      portcullis_projects { team { memberships { role } } team { memberships { user { name } } } }
    }`;
    expect(await page.run(document)).toEqual({
      portcullis_projects: [
        { name: 'Looms', team: { name: 'Engines', memberships: [{ role: 'OWNER', user: { name: 'Ada' } }] } },
      ],
    });
  });

  test('of a table is changed once', async () => {
    const update = (selection: string) =>
      `update_portcullis_projects(where: { name: { _eq: "Looms" } }, _set: { name: "Mills" }) { ${selection} }`;
    const document = `mutation {
      ${update('affected_rows returning { name }')}
      ${update('returning { team { name } } affected_rows')}
    }`;
    expect(await page.run(document)).toEqual({
      update_portcullis_projects: {
        affected_rows: 1,
        returning: [{ name: 'Mills', team: { name: 'Engines' } }],
      },
    });
  });

  test('of a join is one request', async () => {
    const document = `{
      portcullis_teams { gateway_team { name } name }
      portcullis_teams { gateway_team { myRole members { email } } gateway_team { members { role } } }
    }`;
    expect(await page.run(document)).toMatchObject({
      portcullis_teams: [
        { name: 'Engines', gateway_team: { name: 'Engines', myRole: 'OWNER', members: [{ role: 'OWNER' }] } },
      ],
    });
    expect(queries()).toEqual([
      expect.stringMatching(/^\{ f0: team\(id: "[\w-]+"\) \{ name myRole members \{ email role \} \} \}$/),
    ]);
  });

  test('of the schema shows what either asks for', async () => {
    expect(await page.run('{ __schema { queryType { name } } __schema { mutationType { name } } }')).toEqual({
      __schema: { queryType: { name: 'query_root' }, mutationType: { name: 'mutation_root' } },
    });
  });
});

describe('one name for two things is refused', () => {
  const both = (one: string, other: string, name: string) =>
    `selection of both '${one}' and '${other}' specify the same response name, '${name}'`;
  const inconsistent = (name: string) =>
    `inconsistent arguments between multiple selections of field '${name}'`;

  test.each([
    ['two root fields', '{ x: me { id } x: authConfig { signup } }', '', both('me', 'authConfig', 'x')],
    [
      'two fields of the gateway',
      '{ authConfig { signup } authConfig { signup: issuer } }',
      '.authConfig.selectionSet',
      both('signup', 'issuer', 'signup'),
    ],
    [
      'two columns',
      '{ portcullis_teams { team: id ...F } } fragment F on portcullis_teams { team: name }',
      '.portcullis_teams.selectionSet',
      both('id', 'name', 'team'),
    ],
    [
      'two arguments of the gateway’s',
      '{ emailExists(email: "a@example.com") emailExists(email: "b@example.com") }',
      '',
      inconsistent('emailExists'),
    ],
    [
      'a table whole and in part',
      '{ t: portcullis_teams { id } t: portcullis_teams(limit: 1) { id } }',
      '',
      inconsistent('portcullis_teams'),
    ],
    [
      'two types',
      '{ __type(name: "User") { name } __type(name: "Team") { name } }',
      '',
      inconsistent('__type'),
    ],
  ])('%s', async (_what, document, path, message) => {
    expect(await page.refused(document)).toEqual([
      { message, extensions: { path: `$.selectionSet${path}`, code: 'validation-failed' } },
    ]);
    expect(hasura.recorder.seen).toEqual([]);
  });

  test('but not the same arguments in another order, nor what a directive leaves out', async () => {
    const document = `{
      portcullis_teams(limit: 1, where: { name: { _like: "E%", _neq: "x" }, _or: [{ id: { _is_null: false } }] }) { name }
      portcullis_teams(where: { _or: [{ id: { _is_null: false } }], name: { _neq: "x", _like: "E%" } }, limit: 1) { name }
      portcullis_teams(limit: 2) @skip(if: true) { name }
    }`;
    expect(await page.run(document)).toEqual({ portcullis_teams: [{ name: 'Engines' }] });
  });
});
