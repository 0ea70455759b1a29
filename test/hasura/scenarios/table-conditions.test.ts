import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, signUp } from '../../support/gateway.ts';
import { type Frontend, openStage, type Stage } from './frontend.ts';

// The conditions that a page gives: which rows they leave, and what they must not silently leave out.

let stage: Stage;
let ada: { email: string; id: string };
let page: Frontend;
beforeAll(async () => {
  stage = await openStage();
  const { accessToken, user } = await signUp(stage.gateway, newPerson({ teamName: 'Engines' }));
  ada = user;
  page = stage.as(accessToken);
  await stage.gateway.sql`insert into portcullis.projects (id, team_id, name)
    select gen_random_uuid(), team_id, unnest(array['Looms', 'looms', 'Cards', '100%']) from portcullis.memberships`;
});
afterAll(() => stage.close());

const FIND = 'query ($where: portcullis_projects_bool_exp) { portcullis_projects(where: $where) { name } }';
async function found(where: object | null): Promise<string[]> {
  const { portcullis_projects: rows } = await page.run<{ portcullis_projects: { name: string }[] }>(FIND, {
    where,
  });
  return rows.map(({ name }) => name).sort();
}
const ALL = ['100%', 'Cards', 'Looms', 'looms'];
const invalid = (message: string, at: string) => [
  {
    message,
    extensions: { path: `$.selectionSet.portcullis_projects.args.where${at}`, code: 'validation-failed' },
  },
];

describe('a condition', () => {
  test.each<[string, object, string[]]>([
    ['_eq', { _eq: 'Looms' }, ['Looms']],
    ['_neq', { _neq: 'Looms' }, ['100%', 'Cards', 'looms']],
    ['_gt and _lt', { _gt: '100%', _lt: 'D' }, ['Cards']],
    ['_gte and _lte', { _gte: '100%', _lte: '100%' }, ['100%']],
    ['_in', { _in: ['Cards', 'Looms', '?'] }, ['Cards', 'Looms']],
    ['_in of nothing', { _in: [] }, []],
    ['_nin', { _nin: ['Cards', 'Looms'] }, ['100%', 'looms']],
    ['_nin of nothing', { _nin: [] }, ALL],
    ['_is_null', { _is_null: true }, []],
    ['not _is_null', { _is_null: false }, ALL],
    ['_like', { _like: '_ooms' }, ['Looms', 'looms']],
    ['_like with an escape', { _like: '100\\%' }, ['100%']],
    ['_nlike', { _nlike: '%s' }, ['100%']],
    ['_ilike', { _ilike: 'LOO%' }, ['Looms', 'looms']],
    ['_nilike', { _nilike: 'LOO%' }, ['100%', 'Cards']],
    ['_similar', { _similar: '(Lo|Ca)%' }, ['Cards', 'Looms']],
    ['_nsimilar', { _nsimilar: '(Lo|Ca)%' }, ['100%', 'looms']],
    ['_regex', { _regex: '^[A-Z]' }, ['Cards', 'Looms']],
    ['_nregex', { _nregex: '^[A-Z]' }, ['100%', 'looms']],
    ['_iregex', { _iregex: '^LO' }, ['Looms', 'looms']],
    ['_niregex', { _niregex: '^LO' }, ['100%', 'Cards']],
    ['of two operators', { _like: '%s', _neq: 'looms' }, ['Cards', 'Looms']],
    ['of no operator', {}, ALL],
  ])('%s', async (_operator, name, expected) => {
    expect(await found({ name })).toEqual(expected);
  });

  test('is joined to others by _and, _or and _not; of nothing _and holds and _or does not', async () => {
    const [looms, cards] = [{ name: { _eq: 'Looms' } }, { name: { _eq: 'Cards' } }];
    expect(await found({ _or: [looms, cards] })).toEqual(['Cards', 'Looms']);
    expect(await found({ _and: [looms, cards] })).toEqual([]);
    expect(await found({ _not: looms })).toEqual(['100%', 'Cards', 'looms']);
    expect(await found({ _not: { _or: [looms, cards] }, name: { _ilike: 'l%' } })).toEqual(['looms']);
    expect(await found({ _and: [] })).toEqual(ALL);
    expect(await found({ _or: [] })).toEqual([]);
    expect(await found({ _or: [{}] })).toEqual(ALL);
    expect(await found({ _not: {} })).toEqual([]);
    for (const nothing of [{}, null]) expect(await found(nothing)).toEqual(ALL);
  });

  test('reaches through relationships, for one and the same row', async () => {
    expect(await found({ team: { name: { _eq: 'Engines' } } })).toEqual(ALL);
    expect(await found({ team: { name: { _eq: 'Looms' } } })).toEqual([]);
    const own = { user_id: { _eq: ada.id } };
    expect(await found({ team: { memberships: { ...own, role: { _eq: 'OWNER' } } } })).toEqual(ALL);
    expect(await found({ team: { memberships: { ...own, role: { _eq: 'ADMIN' } } } })).toEqual([]);
  });

  test('on JSON asks for keys and parts', async () => {
    const asked = async (public_jwk: object) => {
      const document = 'query ($where: jwks_bool_exp!) { jwks(where: $where) { public_jwk(path: "$.kty") } }';
      return (await stage.console().run<{ jwks: object[] }>(document, { where: { public_jwk } })).jwks;
    };
    const key = [{ public_jwk: 'EC' }];
    expect(await asked({ _contains: { kty: 'EC' } })).toEqual(key);
    expect(await asked({ _contains: { kty: 'RSA' } })).toEqual([]);
    expect(await asked({ _contained_in: { kty: 'EC' } })).toEqual([]);
    expect(await asked({ _has_key: 'crv' })).toEqual(key);
    expect(await asked({ _has_key: 'n' })).toEqual([]);
    expect(await asked({ _has_key: null })).toEqual([]);
    expect(await asked({ _has_keys_any: ['n', 'x'] })).toEqual(key);
    expect(await asked({ _has_keys_all: ['n', 'x'] })).toEqual([]);
  });
});

describe('what must not silently widen a condition is refused', () => {
  test.each<[string, object, string, string]>([
    ['a null operand', { name: { _eq: null } }, "unexpected null value for type 'String'", '.name._eq'],
    [
      'a null in a list',
      { name: { _in: ['x', null] } },
      "unexpected null value for type 'String'",
      '.name._in[1]',
    ],
    ['no list', { id: { _nin: null } }, 'expected a list, but found null', '.id._nin'],
    [
      ...(['no yes or no', { name: { _is_null: null } }] as const),
      ...(["expected a boolean for type 'Boolean', but found null", '.name._is_null'] as const),
    ],
    [
      ...(['a null comparison', { name: null }] as const),
      ...(["expected an object for type 'String_comparison_exp', but found null", '.name'] as const),
    ],
    [
      ...(['a null behind _not', { _not: null }] as const),
      ...(["expected an object for type 'portcullis_projects_bool_exp', but found null", '._not'] as const),
    ],
    ['a null behind _or', { _or: null }, 'expected a list, but found null', '._or'],
    [
      'an unknown column',
      { nome: {} },
      "field 'nome' not found in type: 'portcullis_projects_bool_exp'",
      '.nome',
    ],
    [
      ...(['an unknown operator', { id: { _like: 'x' } }] as const),
      ...(["field '_like' not found in type: 'uuid_comparison_exp'", '.id._like'] as const),
    ],
    [
      ...(['a condition on a join', { team: { gateway_team: {} } }] as const),
      ...([
        "field 'gateway_team' not found in type: 'portcullis_teams_bool_exp'",
        '.team.gateway_team',
      ] as const),
    ],
  ])('%s', async (_what, where, message, at) => {
    expect(await page.refused(FIND, { where })).toEqual(invalid(message, at));
  });

  test('a variable that is absent is null', async () => {
    const byName = 'query ($name: String) { portcullis_projects(where: { name: { _eq: $name } }) { name } }';
    expect(await page.refused(byName)).toEqual(
      invalid("unexpected null value for type 'String'", '.name._eq'),
    );
    expect(await page.run(byName, { name: 'Looms' })).toEqual({ portcullis_projects: [{ name: 'Looms' }] });
    const byDefault = byName.replace('$name: String', '$name: String = "Cards"');
    expect(await page.run(byDefault)).toEqual({ portcullis_projects: [{ name: 'Cards' }] });
    expect(await page.run(FIND)).toMatchObject({ portcullis_projects: { length: 4 } });
  });

  test('a variable of another type than its place', async () => {
    const document = 'query ($id: String!) { portcullis_projects(where: { id: { _eq: $id } }) { name } }';
    expect(await page.refused(document, { id: ada.id })).toEqual(
      invalid("variable 'id' is declared as 'String!', but used where 'uuid' is expected", '.id._eq'),
    );
    const list = 'query ($ids: [uuid]) { portcullis_projects(where: { id: { _in: $ids } }) { name } }';
    expect(await page.refused(list, { ids: [] })).toEqual(
      invalid("variable 'ids' is declared as '[uuid]', but used where '[uuid!]' is expected", '.id._in'),
    );
  });
});

describe('an operand that Postgres does not take', () => {
  test.each<[string, object, string, string]>([
    ['no UUID', { id: { _eq: '1' } }, 'data-exception', 'invalid input syntax for type uuid: "1"'],
    [
      ...(['no time', { created_at: { _gt: 'noon-ish' } }] as const),
      ...(['data-exception', 'invalid input syntax for type timestamp with time zone: "noon-ish"'] as const),
    ],
    [
      ...(['no pattern', { name: { _regex: '(' } }] as const),
      ...(['data-exception', 'invalid regular expression: parentheses () not balanced'] as const),
    ],
    [
      ...(['an escape of nothing', { name: { _like: '%\\' } }] as const),
      ...(['bad-request', 'LIKE pattern must not end with escape character'] as const),
    ],
  ])('%s fails in its words', async (_what, where, code, message) => {
    expect(await page.refused(FIND, { where })).toEqual([{ message, extensions: { path: '$', code } }]);
  });
});
