import { buildSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { gatewaySchema } from '../../../src/commands/hasura/install/generated.ts';
import { findEntry } from '../../../src/commands/hasura/install/lists.ts';
import { type Edited, edited, foreign, plan, refusal } from './planning.ts';

/** The refusal of an installation on the foreign application after an edit. */
const clashesAfter = (edit: (metadata: Edited) => void, options: Parameters<typeof plan>[1] = {}) =>
  refusal(() => plan(foreign(edit), options));

const push = (list: Edited | undefined, entry: object) => void (list as unknown as object[]).push(entry);
const track = (metadata: Edited, table: object) => push(metadata.sources?.[0]?.tables, table);

describe('a root field that is ours and theirs', () => {
  test.each([
    ['a table', { table: { schema: 'public', name: 'sessions' } }, 'sessions', 'public.sessions'],
    [
      'a custom name',
      { table: { schema: 'public', name: 'groups' }, configuration: { custom_name: 'team' } },
      'team',
      'public.groups',
    ],
    [
      'a custom root field',
      {
        table: { schema: 'public', name: 'groups' },
        configuration: { custom_root_fields: { select_by_pk: { name: 'me', comment: null } } },
      },
      'me',
      'public.groups',
    ],
    [
      'a table of the name that jwks has',
      { table: { schema: 'public', name: 'jwks' } },
      'jwks',
      'public.jwks',
    ],
  ])('is refused for %s, and --namespace resolves it', (_case, table, field, name) => {
    const edit = (metadata: Edited) => track(metadata, table);
    const [line] = clashesAfter(edit);
    expect(line).toMatch(
      new RegExp(
        `^The root fields? ${field}\\b.* of table ${name} of source default would clash with Portcullis: use --namespace <name>\\.$`,
      ),
    );
    if (name !== 'public.jwks')
      expect(plan(foreign(edit), { namespace: 'auth' }).changes.length).toBeGreaterThan(0);
    else
      expect(plan(foreign(edit), { namespace: 'auth', typePrefix: 'Auth' }).changes.length).toBeGreaterThan(
        0,
      );
  });

  test('is refused for an action and a function', () => {
    expect(
      clashesAfter((metadata) =>
        push(metadata.actions, {
          name: 'me',
          definition: { handler: '{{APP_URL}}/me', output_type: 'Published' },
        }),
      ),
    ).toEqual(['The root field me of action me would clash with Portcullis: use --namespace <name>.']);
    expect(
      clashesAfter((metadata) =>
        push(metadata.sources?.[0]?.functions, { function: { schema: 'public', name: 'login' } }),
      ),
    ).toEqual([
      'The root field login of function public.login of source default would clash with Portcullis: use --namespace <name>.',
    ]);
  });

  test('is found under the naming convention of a source, or of the engine', () => {
    const table = { table: { schema: 'public', name: 'contract_addresses' } };
    const named = (metadata: Edited) => {
      track(metadata, table);
      Object.assign(metadata.sources?.[0] ?? {}, { customization: { naming_convention: 'graphql-default' } });
    };
    expect(clashesAfter(named)[0]).toContain(
      'The root field contractAddresses of table public.contract_addresses',
    );
    const byDefault = () =>
      plan(
        foreign((metadata) => track(metadata, table)),
        { defaultConvention: 'graphql-default' },
      );
    expect(refusal(byDefault)[0]).toContain('The root field contractAddresses of');
    expect(plan(foreign((metadata) => track(metadata, table))).changes).not.toEqual([]);
  });

  test('is not there under the namespace of their source', () => {
    const edit = (metadata: Edited) =>
      push(metadata.sources?.[1]?.tables, { table: { schema: 'dbo', name: 'sessions' } });
    expect(plan(foreign(edit)).changes).not.toEqual([]);
    expect(clashesAfter(edit, { namespace: 'warehouse' })).toEqual([
      'The root field warehouse of source warehouse would clash with Portcullis: use --namespace <name>.',
    ]);
  });
});

describe('a type that is ours and theirs', () => {
  test('is refused for a table with that custom name, and --type-prefix resolves it', () => {
    const edit = (metadata: Edited) =>
      track(metadata, {
        table: { schema: 'public', name: 'people' },
        configuration: { custom_name: 'User' },
      });
    expect(clashesAfter(edit)).toEqual([
      'The type User of table public.people of source default would clash with Portcullis: use --type-prefix <prefix>.',
    ]);
    expect(plan(foreign(edit), { typePrefix: 'Auth' }).changes).not.toEqual([]);
  });

  const withTypes = (sdl: string) => ({
    schemas: new Map([
      ['portcullis', gatewaySchema],
      ['weather', buildSchema(sdl)],
    ]),
  });

  test('is refused for a remote schema, unless the types are equal or scalars', () => {
    const different = withTypes('type Query { x: User, at: DateTime } type User { id: Int } scalar DateTime');
    expect(refusal(() => plan(foreign(), different))).toEqual([
      'The type User of remote schema weather would clash with Portcullis: use --type-prefix <prefix>.',
    ]);
    const equal = withTypes('type Query { x: OkPayload } "Described." type OkPayload { ok: Boolean! }');
    expect(plan(foreign(), equal).changes).not.toEqual([]);
    const scalars = withTypes('type Query { at: DateTime } scalar DateTime');
    expect(plan(foreign(), scalars).changes).not.toEqual([]);
  });

  test('is compared under the names that their customization gives', () => {
    const prefixed = (metadata: Edited) =>
      Object.assign(metadata.remote_schemas?.[0]?.definition ?? {}, {
        customization: { root_fields_namespace: 'w', type_names: { prefix: 'W' } },
      });
    const types = withTypes('type Query { x: User, login: Int } type User { id: Int }');
    expect(plan(foreign(prefixed), types).changes).not.toEqual([]);
    const mapped = (metadata: Edited) =>
      Object.assign(metadata.remote_schemas?.[0]?.definition ?? {}, {
        customization: { type_names: { mapping: { Thing: 'Team' } } },
      });
    expect(
      refusal(() => plan(foreign(mapped), withTypes('type Query { x: Thing } type Thing { id: Int }'))),
    ).toEqual([
      'The type Team of remote schema weather would clash with Portcullis: use --type-prefix <prefix>.',
    ]);
  });

  test('is refused for a type of their actions', () => {
    expect(
      clashesAfter((metadata) =>
        push(metadata.custom_types?.objects, { name: 'Session', fields: [{ name: 'id', type: 'uuid!' }] }),
      ),
    ).toEqual([
      "The type Session of the actions' type Session would clash with Portcullis: use --type-prefix <prefix>.",
    ]);
  });
});

describe('an object of theirs with the name of one of ours', () => {
  test('is refused for a source, a remote schema, an action, a type and a cron trigger', () => {
    expect(
      clashesAfter((metadata) =>
        push(metadata.sources, {
          name: 'portcullis',
          kind: 'postgres',
          tables: [],
          configuration: { connection_info: { database_url: { from_env: 'OTHER' } } },
        }),
      ),
    ).toEqual([
      'Your source portcullis has a name that Portcullis needs: rename yours, or let it hold the tables of Portcullis with --source.',
    ]);
    expect(
      clashesAfter((metadata) =>
        push(metadata.remote_schemas, { name: 'portcullis', definition: { url: 'https://example.com' } }),
      ),
    ).toEqual([
      'Your remote schema portcullis has a name that Portcullis needs: rename yours. Ours reads its address from PORTCULLIS_GRAPHQL_URL.',
    ]);
    expect(
      clashesAfter((metadata) =>
        push(metadata.actions, {
          name: 'refreshEns',
          definition: { handler: '{{APP_URL}}/x', output_type: 'Published' },
        }),
      ),
    ).toContain('Your action refreshEns has a name that Portcullis needs: use --namespace <name>.');
    expect(
      clashesAfter((metadata) =>
        push(metadata.custom_types?.objects, { name: 'RefreshEnsActionOutput', fields: [] }),
      ),
    ).toContain(
      'Your type RefreshEnsActionOutput has a name that Portcullis needs: use --type-prefix <prefix>.',
    );
    expect(
      clashesAfter((metadata) =>
        push(metadata.cron_triggers, { name: 'prune', webhook: '{{APP_URL}}/prune', schedule: '* * * * *' }),
      ),
    ).toEqual(['Your cron trigger prune has a name that Portcullis needs: use --namespace <name>.']);
  });

  test('is refused for a cron trigger that the export leaves out', () => {
    expect(refusal(() => plan(foreign(), { hiddenCronTriggers: ['prune'] }))).toEqual([
      'Your cron trigger prune has a name that Portcullis needs: use --namespace <name>.',
    ]);
  });

  test('is refused for a table of ours that their source tracks, if nothing of ours is installed', () => {
    const edit = (metadata: Edited) => track(metadata, { table: { schema: 'portcullis', name: 'users' } });
    expect(clashesAfter(edit, { source: 'default' })).toContain(
      'Your source default tracks portcullis.users, a table of Portcullis: untrack it first.',
    );
  });

  test('is refused for a relationship of our table that leads elsewhere, and renewed if it is the same', () => {
    const target = (name: string) => ({ column: 'user_id', table: { schema: 'portcullis', name } });
    const withSessions = (name: string) =>
      edited(plan(foreign()).metadata, (metadata) => {
        const users = findEntry('tables', metadata.sources?.at(-1)?.tables as never, 'portcullis.users');
        const list = users?.array_relationships as unknown as Record<string, unknown>[];
        const index = list.findIndex((entry) => entry.name === 'sessions');
        list[index] = { name: 'sessions', using: { foreign_key_constraint_on: target(name) } };
      });
    expect(refusal(() => plan(withSessions('memberships')))).toEqual([
      'Your object has a name that Portcullis needs, rename it: source portcullis, table portcullis.users, relationship sessions.',
    ]);
    expect(plan(withSessions('sessions')).changes).toEqual([
      { kind: 'change', path: 'source portcullis, table portcullis.users, relationship sessions' },
    ]);
  });
});
