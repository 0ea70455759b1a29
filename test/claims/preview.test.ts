import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, type TestGateway } from '../support/gateway.ts';
import { codesOf, hasuraClaims, OWN, type Stage, startStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const PREVIEW = /* GraphQL */ `
  query Preview($userId: ID!, $teamId: ID) {
    previewClaims(userId: $userId, teamId: $teamId) { roles { role sources inToken } claims { name value source } }
  }
`;

describe('previewClaims', () => {
  const asAdmin = (at: TestGateway) => ({ 'x-hasura-gateway-secret': at.secret, 'x-hasura-role': 'admin' });

  test('shows what the next token holds, and why', async () => {
    const env = { HASURA_ROLES: 'editor,manager', DEFAULT_ROLES: 'user,editor' };
    await stage.reading(
      'app.user_claims',
      async (at) => {
        const ada = await stage.join();
        const userId = ada.user.id;
        const teamId = String(hasuraClaims(ada.teamToken)['x-hasura-team-id']);
        await stage.describeUser(userId);
        await stage.plain
          .sql`insert into portcullis.user_roles (user_id, role) values (${userId}, 'editor'), (${userId}, 'gone')`;
        await stage.plain.sql`
          insert into portcullis.membership_roles (team_id, user_id, role) values (${teamId}, ${userId}, 'manager')`;
        const preview = async (variables: object) =>
          (
            await at.graphql<{
              previewClaims: { roles: unknown; claims: { name: string; value: string | null }[] };
            }>(PREVIEW, variables, asAdmin(at))
          ).previewClaims;
        const { roles, claims } = await preview({ userId, teamId });
        expect(roles).toEqual([
          { role: 'user', sources: ['DEFAULT_ROLES'], inToken: true },
          { role: 'editor', sources: ['DEFAULT_ROLES', 'USER'], inToken: true },
          { role: 'gone', sources: ['USER'], inToken: false },
          { role: 'manager', sources: ['MEMBERSHIP'], inToken: true },
        ]);
        const { accessToken, teamToken } = await stage.refresh(ada, at);
        const shown = (token: string | null) =>
          Object.entries(hasuraClaims(token))
            .map(([name, value]) => ({
              name,
              value:
                name === 'x-hasura-session-id'
                  ? null
                  : typeof value === 'string'
                    ? value
                    : JSON.stringify(value),
              source: OWN.test(name) ? 'GATEWAY' : 'CLAIMS_SQL',
            }))
            .sort((a, b) => a.name.localeCompare(b.name));
        const sorted = (list: { name: string }[]) => [...list].sort((a, b) => a.name.localeCompare(b.name));
        expect(sorted(claims)).toEqual(shown(teamToken));
        expect(sorted((await preview({ userId })).claims)).toEqual(shown(accessToken));
      },
      env,
    );
  });

  test('says why CLAIMS_SQL fails, and is for the operator only', async () => {
    await stage.reading(
      'select 1 / (select org_id from app.profiles where user_id = $1) as share',
      async (at) => {
        const ada = await stage.join();
        await stage.describeUser(ada.user.id, { orgId: 0 });
        const userId = ada.user.id;
        expect(await at.failure(PREVIEW, { userId }, asAdmin(at))).toMatchObject([
          { message: 'CLAIMS_SQL: SQLSTATE 22012.', extensions: { code: 'claims_failed' } },
        ]);
        expect(await codesOf(at.failure(PREVIEW, { userId }, bearer(ada.accessToken)))).toEqual([
          'permission_denied',
        ]);
        for (const variables of [{ userId: 'x' }, { userId, teamId: 'x' }])
          expect(await codesOf(at.failure(PREVIEW, variables, asAdmin(at)))).toEqual(['invalid']);
        const unknown = '018f0000-0000-7000-8000-00000000dead';
        for (const variables of [{ userId: unknown }, { userId, teamId: unknown }])
          expect(await codesOf(at.failure(PREVIEW, variables, asAdmin(at)))).toEqual(['not_found']);
      },
    );
  });
});
