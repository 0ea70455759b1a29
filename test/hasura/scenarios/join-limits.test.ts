import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { signUp } from '../../support/gateway.ts';
import { codes, type Frontend, openRecordedStage } from './frontend.ts';

// A page of rows may ask for more than a client; what it asks for each row may not, and neither may a field by itself.

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

describe('a hundred rows, joined', () => {
  test('may each be all that a team shows, with as many aliases as a client may have', async () => {
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

  test('may not each have one alias more', async () => {
    expect(await page.refused(joined(aliases(16)))).toEqual([
      { message: 'Errors from remote server', extensions: { path: '$', code: 'unexpected' } },
    ]);
  });
});

describe('one field through Hasura', () => {
  test('may have as many aliases as a client’s own', async () => {
    expect(await page.run(team(pages(15)))).toHaveProperty('team.m14');
    expect(await page.refused(team(pages(16)))).toMatchObject([
      {
        message: 'Aliases limit of 15 exceeded, found 16.',
        extensions: { code: 'query_too_complex', attribute: null },
      },
    ]);
  });

  test('may not ask the database hundreds of times', async () => {
    const refused = await codes(page.refused(team(pages(800))));
    expect(new Set(refused)).toEqual(new Set(['query_too_complex']));
    expect(stage.recorder.seen).toHaveLength(1);
  });

  test('may cost as much as a client’s operation', async () => {
    // Hasura sends a field once that is there twice, so the cost is in the pages' size: 2 + 1.5 × 5 for each person.
    const ofSize = (first: number) => team(`members(first: ${first}) { id name email role joinedAt }`);
    expect(await page.run(ofSize(70))).toHaveProperty('team.members');
    expect(await page.refused(ofSize(71))).toMatchObject([
      {
        message: 'Query Cost limit of 1000 exceeded, found 1013.75.',
        extensions: { code: 'query_too_complex' },
      },
    ]);
  });

  test('may have as many tokens as a client’s document', async () => {
    const input = (n: number) =>
      `mutation { inviteMembers(input: { teamId: "${teamId}", emails: [${times(n, (i) => `"p${i}@example.com"`)}], role: MEMBER }) { id } }`;
    expect(await codes(page.refused(input(970)))).not.toContain('query_too_complex');
    expect(await page.refused(input(990))).toMatchObject([
      { message: 'Token limit of 1000 exceeded.', extensions: { code: 'query_too_complex' } },
    ]);
  });
});

test('fields beside each other are asked for one by one, so that all together may have more', async () => {
  const root = (i: number) => `r${i}: team(id: "${teamId}") { ${aliases(2)} }`;
  expect(Object.keys(await page.run(`{ ${times(20, root)} }`))).toHaveLength(20);
  expect(stage.recorder.seen).toHaveLength(20);
});
