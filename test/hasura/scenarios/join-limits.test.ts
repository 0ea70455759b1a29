import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { signUp } from '../../support/gateway.ts';
import { codes, type Frontend, openRecordedStage } from './frontend.ts';

// Hasura may ask more for a page of rows than a client may. Each row, and each single field, has the limits of a client.

const stage = forFile(() => openRecordedStage());
let page: Frontend;
let teamId: string;
beforeAll(async () => {
  const ada = await signUp(stage.gateway);
  page = stage.as(ada.accessToken);
  for (let made = 1; made < 100; made++)
    await stage.gateway.sql`with team as (insert into portcullis.teams (id, name)
      values (gen_random_uuid(), ${`Team ${made}`}) returning id)
      insert into portcullis.memberships (team_id, user_id, role) select id, ${ada.user.id}, 'OWNER' from team`;
  const { portcullis_teams: teams } = await page.run<{ portcullis_teams: { id: string }[] }>(
    '{ portcullis_teams { id } }',
  );
  teamId = teams[0]?.id ?? '';
});
beforeEach(() => {
  stage.recorder.seen.length = 0;
});

const times = (n: number, text: (i: number) => string) =>
  Array.from({ length: n }, (_, i) => text(i)).join(' ');
const team = (selection: string) => `query Wide { team(id: "${teamId}") { ${selection} } }`;
const joined = (selection: string) => `{ portcullis_teams { gateway_team { ${selection} } } }`;

const aliases = (n: number) => times(n, (i) => `a${i}: name`);
const everything = `id name createdAt myRole members { id name email role joinedAt }
  invites { id email role createdAt expiresAt } projects { id name createdAt }`;
const pages = (n: number) => times(n, (i) => `m${i}: members(after: "${teamId}") { id }`);

describe('a join of a hundred rows', () => {
  test('may ask for every field of a team and for 15 aliases in each row', async () => {
    const { portcullis_teams: teams } = await page.run<{ portcullis_teams: { gateway_team: object }[] }>(
      joined(`${everything} ${aliases(15)}`),
    );
    expect(teams).toHaveLength(100);
    for (const { gateway_team: shown } of teams) {
      expect(shown).toMatchObject({
        myRole: 'OWNER',
        members: [{ role: 'OWNER' }],
        invites: [],
        projects: [],
      });
      expect(Object.keys(shown)).toHaveLength(7 + 15);
    }
    expect(stage.recorder.seen).toHaveLength(1);
  });

  test('fails as a whole with 16 aliases in each row', async () => {
    expect(await page.refused(joined(aliases(16)))).toEqual([
      { message: 'Errors from remote server', extensions: { path: '$', code: 'unexpected' } },
    ]);
  });
});

describe('one field through Hasura', () => {
  test('may have 15 aliases; 16 aliases answer query_too_complex', async () => {
    expect(await page.run(team(pages(15)))).toHaveProperty('team.m14');
    expect(await page.refused(team(pages(16)))).toMatchObject([
      {
        message: 'Aliases limit of 15 exceeded, found 16.',
        extensions: { code: 'query_too_complex', attribute: null },
      },
    ]);
  });

  test('with 800 aliases answers query_too_complex', async () => {
    const refused = await codes(page.refused(team(pages(800))));
    expect(new Set(refused)).toEqual(new Set(['query_too_complex']));
    expect(stage.recorder.seen).toHaveLength(1);
  });

  test('may cost 1000; a higher cost answers query_too_complex', async () => {
    // Hasura sends a repeated field once, so the page size makes the cost: 2 + 1.5 × 5 for each person.
    const ofSize = (first: number) => team(`members(first: ${first}) { id name email role joinedAt }`);
    expect(await page.run(ofSize(70))).toHaveProperty('team.members');
    expect(await page.refused(ofSize(71))).toMatchObject([
      {
        message: 'Query Cost limit of 1000 exceeded, found 1013.75.',
        extensions: { code: 'query_too_complex' },
      },
    ]);
  });

  test('may have 1000 tokens; more tokens answer query_too_complex', async () => {
    const input = (n: number) =>
      `mutation { inviteMembers(input: { teamId: "${teamId}", emails: [${times(n, (i) => `"p${i}@example.com"`)}], role: MEMBER }) { id } }`;
    expect(await codes(page.refused(input(970)))).not.toContain('query_too_complex');
    expect(await page.refused(input(990))).toMatchObject([
      { message: 'Token limit of 1000 exceeded.', extensions: { code: 'query_too_complex' } },
    ]);
  });
});

test('Hasura sends each root field in its own request, so that each has its own limits', async () => {
  const root = (i: number) => `r${i}: team(id: "${teamId}") { ${aliases(2)} }`;
  expect(Object.keys(await page.run(`{ ${times(20, root)} }`))).toHaveLength(20);
  expect(stage.recorder.seen).toHaveLength(20);
});
