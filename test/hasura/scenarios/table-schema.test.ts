import {
  buildClientSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  printType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, signUp } from '../../support/gateway.ts';
import { type Frontend, openStage, type Stage } from './frontend.ts';

// The schema that a page's code generator and the console see of the tables, and the aggregates that admin alone has.

let stage: Stage;
let page: Frontend;
const schemas = {} as Record<'anonymous' | 'user' | 'admin', GraphQLSchema>;
beforeAll(async () => {
  stage = await openStage();
  const { accessToken } = await signUp(stage.gateway, newPerson({ teamName: 'Engines' }));
  page = stage.as(accessToken);
  for (const [role, asking] of Object.entries({
    ...{ anonymous: stage.anonymous(), user: page, admin: stage.console() },
  }))
    schemas[role as keyof typeof schemas] = buildClientSchema(
      await asking.run<Record<string, unknown> & IntrospectionQuery>(getIntrospectionQuery()),
    );
});
afterAll(() => stage.close());

/** The root fields of a type that are the tables'. */
function tableFields(role: keyof typeof schemas, root: 'Query' | 'Mutation' | 'Subscription'): string[] {
  const fields = schemas[role][`get${root}Type`]()?.getFields() ?? {};
  return Object.keys(fields)
    .filter((name) => /portcullis_|jwks/.test(name))
    .sort();
}
const printed = (role: keyof typeof schemas, name: string) => {
  const type = schemas[role].getType(name);
  return type === undefined ? null : printType(type);
};
const TABLES = ['memberships', 'projects', 'sessions', 'teams', 'users', 'invites', 'cache'].map(
  (name) => `portcullis_${name}`,
);

describe('a role’s root fields', () => {
  test('read what it may read, by key where it may read the key', () => {
    expect(tableFields('anonymous', 'Query')).toEqual(['portcullis_cache', 'portcullis_cache_by_pk']);
    expect(tableFields('user', 'Query')).toEqual(TABLES.flatMap((name) => [name, `${name}_by_pk`]).sort());
    const all = [...TABLES, 'portcullis_security_events', 'jwks'];
    expect(tableFields('admin', 'Query')).toEqual(
      all.flatMap((name) => [name, `${name}_by_pk`, `${name}_aggregate`]).sort(),
    );
  });

  test('are the same for subscriptions, with streams', () => {
    expect(tableFields('user', 'Subscription')).toEqual(
      TABLES.flatMap((name) => [name, `${name}_by_pk`, `${name}_stream`]).sort(),
    );
  });

  test('change what it may change; admin has all of them, whatever the database says', () => {
    expect(tableFields('anonymous', 'Mutation')).toEqual([]);
    const editable = ['portcullis_users', 'portcullis_teams', 'portcullis_projects'];
    const updates = (name: string) => ['', '_by_pk', '_many'].map((way) => `update_${name}${way}`);
    expect(tableFields('user', 'Mutation')).toEqual(editable.flatMap(updates).sort());
    const all = [...TABLES, 'portcullis_security_events', 'jwks'];
    const others = (name: string) => [
      ...[`insert_${name}`, `insert_${name}_one`, `delete_${name}`, `delete_${name}_by_pk`],
    ];
    expect(tableFields('admin', 'Mutation')).toEqual(
      all.flatMap((n) => [...updates(n), ...others(n)]).sort(),
    );
  });

  test('are called as the engine calls them', () => {
    expect(schemas.user.getQueryType()?.name).toBe('query_root');
    expect(schemas.user.getMutationType()?.name).toBe('mutation_root');
    expect(schemas.user.getSubscriptionType()?.name).toBe('subscription_root');
  });
});

describe('the types', () => {
  const listed = (name: string) =>
    `distinct_on: [${name}_select_column!], limit: Int, offset: Int, order_by: [${name}_order_by!], where: ${name}_bool_exp`;

  test('of rows hold what the role may read; a relationship from a column that is never null is never null', () => {
    expect(printed('user', 'portcullis_memberships')).toBe(`type portcullis_memberships {
  team_id: uuid!
  user_id: uuid!
  role: String!
  created_at: timestamptz!
  team: portcullis_teams!
  user: portcullis_users!
}`);
    expect(printed('user', 'portcullis_sessions')).toContain('\n  active_team: portcullis_teams\n');
    expect(printed('user', 'portcullis_teams')).toBe(`type portcullis_teams {
  id: uuid!
  name: String!
  created_at: timestamptz!
  updated_at: timestamptz!
  active_team_sessions(${listed('portcullis_sessions')}): [portcullis_sessions!]!
  invites(${listed('portcullis_invites')}): [portcullis_invites!]!
  memberships(${listed('portcullis_memberships')}): [portcullis_memberships!]!
  projects(${listed('portcullis_projects')}): [portcullis_projects!]!
  gateway_team: Team
}`);
    expect(printed('admin', 'jwks')).toContain('\n  public_jwk(path: String): jsonb!\n');
  });

  test('of conditions and orders follow', () => {
    expect(printed('user', 'portcullis_projects_bool_exp')).toBe(`input portcullis_projects_bool_exp {
  _and: [portcullis_projects_bool_exp!]
  _or: [portcullis_projects_bool_exp!]
  _not: portcullis_projects_bool_exp
  id: uuid_comparison_exp
  team_id: uuid_comparison_exp
  name: String_comparison_exp
  created_at: timestamptz_comparison_exp
  updated_at: timestamptz_comparison_exp
  team: portcullis_teams_bool_exp
}`);
    expect(printed('user', 'portcullis_projects_order_by')).toContain(
      '\n  team: portcullis_teams_order_by\n',
    );
    expect(printed('user', 'portcullis_teams_order_by')).not.toContain('projects');
    expect(printed('user', 'portcullis_cache_select_column')).toBe(
      'enum portcullis_cache_select_column {\n  key\n  value\n  updated_at\n}',
    );
    expect(printed('user', 'uuid_comparison_exp')).not.toContain('_like');
    expect(printed('user', 'jsonb_comparison_exp')).toBeNull();
  });

  test('of changes hold the columns that may be changed', () => {
    expect(printed('user', 'portcullis_teams_set_input')).toBe(
      'input portcullis_teams_set_input {\n  name: String\n}',
    );
    expect(printed('user', 'portcullis_teams_pk_columns_input')).toBe(
      'input portcullis_teams_pk_columns_input {\n  id: uuid!\n}',
    );
    expect(printed('user', 'portcullis_teams_mutation_response')).toBe(
      'type portcullis_teams_mutation_response {\n  affected_rows: Int!\n  returning: [portcullis_teams!]!\n}',
    );
    for (const absent of ['jwks', 'portcullis_sessions_set_input', 'portcullis_teams_aggregate'])
      expect(printed('user', absent), absent).toBeNull();
    expect(printed('admin', 'portcullis_cache_constraint')).toBe(
      'enum portcullis_cache_constraint {\n  cache_pkey\n}',
    );
  });
});

describe('aggregates', () => {
  test('count and compare for admin, of rows and behind them', async () => {
    const document = `{ portcullis_teams_aggregate(where: { name: { _eq: "Engines" } }) {
      __typename aggregate { count names: count(columns: [name], distinct: true) max { name created_at } }
      nodes { name memberships_aggregate(limit: 5) { aggregate { count } nodes { role } } }
    } }`;
    expect(await stage.console().run(document)).toEqual({
      portcullis_teams_aggregate: {
        __typename: 'portcullis_teams_aggregate',
        aggregate: { count: 1, names: 1, max: { name: 'Engines', created_at: expect.any(String) } },
        nodes: [
          { name: 'Engines', memberships_aggregate: { aggregate: { count: 1 }, nodes: [{ role: 'OWNER' }] } },
        ],
      },
    });
    const none = '{ portcullis_teams_aggregate(limit: 0) { aggregate { count min { name } } nodes { id } } }';
    expect(await stage.console().run(none)).toEqual({
      portcullis_teams_aggregate: { aggregate: { count: 0, min: { name: null } }, nodes: [] },
    });
  });

  test('sort admin’s rows', async () => {
    await stage.gateway.sql`insert into portcullis.projects (id, team_id, name)
      select gen_random_uuid(), id, unnest(array['a', 'b', 'c']) from portcullis.teams where name = 'Engines'`;
    await signUp(stage.gateway, newPerson({ teamName: 'Looms' }));
    const sorted = async (order: string) => {
      const { portcullis_teams: teams } = await stage
        .console()
        .run<{ portcullis_teams: { name: string }[] }>(
          `{ portcullis_teams(order_by: { ${order} }) { name } }`,
        );
      return teams.map(({ name }) => name);
    };
    expect(await sorted('projects_aggregate: { count: desc }')).toEqual(['Engines', 'Looms']);
    expect(await sorted('projects_aggregate: { count: asc }')).toEqual(['Looms', 'Engines']);
    expect(await sorted('projects_aggregate: { max: { name: desc_nulls_last } }')).toEqual([
      'Engines',
      'Looms',
    ]);
  });

  test('count each value once where that is asked', async () => {
    await stage.gateway
      .sql`insert into portcullis.cache (key, value) values ('a', 'x'), ('b', 'x'), ('c', 'y')`;
    const count = 'all: count(columns: value) each: count(columns: value, distinct: true)';
    expect(await stage.console().run(`{ portcullis_cache_aggregate { aggregate { ${count} } } }`)).toEqual({
      portcullis_cache_aggregate: { aggregate: { all: 3, each: 2 } },
    });
  });

  test('are joined with the gateway, which knows nothing of admin', async () => {
    const nodes = '{ portcullis_teams_aggregate { nodes { gateway_team { name } } } }';
    expect(await stage.console().refused(nodes)).toMatchObject([{ message: 'Errors from remote server' }]);
  });

  test('are nothing that a user knows of', async () => {
    const at = (path: string) => ({ path, code: 'validation-failed' });
    expect(await page.refused('{ portcullis_teams_aggregate { aggregate { count } } }')).toEqual([
      {
        message: "field 'portcullis_teams_aggregate' not found in type: 'query_root'",
        extensions: at('$.selectionSet.portcullis_teams_aggregate'),
      },
    ]);
    expect(await page.refused('{ portcullis_teams { projects_aggregate { nodes { id } } } }')).toEqual([
      {
        message: "field 'projects_aggregate' not found in type: 'portcullis_teams'",
        extensions: at('$.selectionSet.portcullis_teams.selectionSet.projects_aggregate'),
      },
    ]);
  });
});
