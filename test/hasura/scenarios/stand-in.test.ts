import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { codes, join, LOGIN, ME, openStage, type Somebody, type Stage } from './frontend.ts';
import { type Spoil, table } from './spoiled.ts';

// That the stand-in notices: with one thing of the metadata or of the configuration spoiled, what the scenarios rely on no
// longer holds.

async function onStage(
  options: { spoil?: Spoil; env?: Record<string, string>; engineEnv?: Record<string, string> },
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const { spoil, env = {}, engineEnv = {} } = options;
  const stage = await openStage({ env, engine: { env: engineEnv, ...(spoil && { spoil }) } });
  try {
    await play(stage);
  } finally {
    await stage.close();
  }
}

const usersSeenBy = async (stage: Stage, { accessToken }: Somebody) => {
  const { portcullis_users: users } = await stage
    .as(accessToken)
    .run<{ portcullis_users: { id: string }[] }>('{ portcullis_users { id } }');
  return users.map(({ id }) => id).sort();
};

describe('a spoiled table permission', () => {
  test('without its filter shows everybody', async () => {
    const spoil: Spoil = (metadata) => {
      for (const { permission } of table(metadata, 'users').select_permissions ?? []) permission.filter = {};
    };
    await onStage({ spoil }, async (stage) => {
      const [ada, bob] = [await join(stage), await join(stage)];
      expect(await usersSeenBy(stage, ada)).toEqual([ada.user.id, bob.user.id].sort());
    });
  });

  test('with a column too many changes what nobody may change, but for the database’s grants', async () => {
    const spoil: Spoil = (metadata) => {
      for (const { permission } of table(metadata, 'users').update_permissions ?? [])
        permission.columns.push('email');
    };
    await onStage({ spoil }, async (stage) => {
      const ada = await join(stage);
      const change =
        'mutation { update_portcullis_users(where: {}, _set: { email: "x@example.com" }) { affected_rows } }';
      expect(await stage.as(ada.accessToken).refused(change)).toMatchObject([
        { message: 'database query error', extensions: { code: 'unexpected' } },
      ]);
    });
  });

  test('for anonymous by a session variable is whoever’s who names somebody', async () => {
    const spoil: Spoil = (metadata) => {
      const { select_permissions: granted = [] } = table(metadata, 'users');
      granted.push(...granted.map((entry) => ({ ...entry, role: 'anonymous' })));
    };
    await onStage({ spoil }, async (stage) => {
      const ada = await join(stage);
      const [ask, user] = ['{ portcullis_users { email } }', { 'x-hasura-user-id': ada.user.id }];
      const session = { 'x-hasura-session-id': String(decodeJwt(ada.accessToken).sid) };
      expect(await stage.anonymous({ ...user, ...session }).run(ask)).toEqual({
        portcullis_users: [{ email: ada.email }],
      });
      for (const [headers, name] of [
        [session, 'x-hasura-user-id'] as const,
        [user, 'x-hasura-session-id'] as const,
      ])
        expect(await stage.anonymous(headers).refused(ask)).toEqual([
          { message: `missing session variable: "${name}"`, extensions: { path: '$', code: 'not-found' } },
        ]);
    });
  });
});

describe('a spoiled remote schema permission', () => {
  const inUserSdl =
    (change: (sdl: string) => string): Spoil =>
    ({ remoteSchemas }) => {
      for (const { role, definition } of remoteSchemas.flatMap(({ permissions }) => permissions))
        if (role === 'user') definition.schema = change(definition.schema);
    };

  test('that lacks a field takes it from the role', async () => {
    await onStage({ spoil: inUserSdl((sdl) => sdl.replace('  me: User\n', '')) }, async (stage) => {
      expect(await stage.engine.inconsistent()).toEqual([]);
      const ada = await join(stage);
      expect(await codes(stage.as(ada.accessToken).refused(ME))).toEqual(['validation-failed']);
      expect(await stage.anonymous().run(ME)).toEqual({ me: null });
    });
  });

  test.each([
    ['differs in a “!”', (sdl: string) => sdl.replace('me: User\n', 'me: User!\n')],
    ['has a field of its own', (sdl: string) => sdl.replace('  me: User\n', '  me: User\n  you: User\n')],
    ['has another default', (sdl: string) => sdl.replace('= MEMBER', '= ADMIN')],
    ['lacks a default', (sdl: string) => sdl.replace(' = MEMBER', '')],
    ['lacks what is required', (sdl: string) => sdl.replace('team(id: ID!): Team', 'team: Team')],
    ['lacks a scalar', (sdl: string) => sdl.replace('scalar DateTime\n', '')],
    ['keeps a directive', (sdl: string) => sdl.replace('me: User\n', 'me: User @deprecated\n')],
  ])('that %s is inconsistent, and the role sees nothing of the gateway', async (_what, change) => {
    await onStage({ spoil: inUserSdl(change) }, async (stage) => {
      expect(await stage.engine.inconsistent()).toMatchObject([
        expect.stringMatching(/^remote_schema_permission user permission in remote schema portcullis: /),
      ]);
      const ada = await join(stage);
      expect(await codes(stage.as(ada.accessToken).refused(ME))).toEqual(['validation-failed']);
      expect(await usersSeenBy(stage, ada)).toEqual([ada.user.id]);
    });
  });
});

describe('a spoiled configuration', () => {
  test('where the gateway trusts the unauthorized role, whoever names somebody is them', async () => {
    const engineEnv = { HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'user' };
    await onStage({ engineEnv }, async (stage) => {
      const login = await stage.anonymous().run('{ authConfig { signup } }');
      expect(login).toEqual({ authConfig: { signup: true } });
      const ada = await join(stage);
      const spoofed = stage.anonymous({ 'x-hasura-user-id': ada.user.id });
      expect(await spoofed.run(ME)).toMatchObject({ me: { id: ada.user.id } });
    });
    await onStage({ engineEnv, env: { HASURA_UNAUTHORIZED_ROLE: 'user' } }, async (stage) => {
      const ada = await join(stage);
      const spoofed = stage.anonymous({ 'x-hasura-user-id': ada.user.id });
      expect(await spoofed.run(ME)).toEqual({ me: null });
    });
  });

  test('with another secret the gateway is not even introspected', async () => {
    await onStage({ engineEnv: { INTERNAL_ENDPOINTS_SECRET: 'x'.repeat(32) } }, async (stage) => {
      expect(await stage.engine.inconsistent()).toEqual([
        'remote_schema portcullis: Inconsistent object: Error in $: key "data" not found',
        expect.stringMatching(/^remote_relationship gateway_team in table portcullis.teams /),
      ]);
      expect(await codes(stage.anonymous().refused(LOGIN, { input: { email: 'x', password: 'x' } }))).toEqual(
        ['validation-failed'],
      );
    });
  });
});
