import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, newPerson, SIGNUP, signUp, startGateway } from '../support/gateway.ts';
import { CREATE_PROJECT, CREATE_TEAM, foundTeam, RENAME_PROJECT, RENAME_TEAM } from '../teams/people.ts';
import { UPDATE_PROFILE } from './accounts.ts';

// The names of people, teams and projects, in every operation that takes a name.

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));

const UNSEEN = [
  '\u3164',
  '\u2800',
  '\uFFA0',
  '\u115F\u1160',
  '\uFFFC',
  '\u200B',
  '\u3164 \u3164',
  '\u0301',
  '\u{E0041}',
];

const codesOf = async (failure: Promise<unknown>) =>
  ((await failure) as { extensions: { code: string; attribute: string } }[]).map(
    ({ extensions: { code, attribute } }) => `${code} ${attribute}`,
  );

test('signup answers invalid to a name or team name without a visible character', async () => {
  for (const name of UNSEEN) {
    const person = newPerson();
    expect(await codesOf(gateway.failure(SIGNUP, { input: { ...person, name } }))).toEqual(['invalid name']);
    const teamName = { input: { ...person, teamName: name } };
    expect(await codesOf(gateway.failure(SIGNUP, teamName))).toEqual(['invalid teamName']);
    const { status, body } = await gateway.post('/api/register', { ...person, name });
    expect({ status, body }).toMatchObject({ status: 400, body: { code: 'invalid', attribute: 'name' } });
  }
});

test('updating a user, team or project answers invalid to a name without a visible character', async () => {
  const { teamId, people } = await foundTeam(gateway);
  const [owner] = people;
  const { createProject } = await owner.run<{ createProject: { id: string } }>(CREATE_PROJECT, {
    input: { teamId, name: 'Looms' },
  });
  for (const name of UNSEEN)
    for (const [document, input] of [
      [UPDATE_PROFILE, { name }],
      [CREATE_TEAM, { name }],
      [RENAME_TEAM, { teamId, name }],
      [CREATE_PROJECT, { teamId, name }],
      [RENAME_PROJECT, { projectId: createProject.id, name }],
    ] as const)
      expect(await owner.refused(document, { input }), document).toBe('invalid name');
});

test('a name keeps its invisible characters beside visible ones, and is stored trimmed and in NFC', async () => {
  const { accessToken } = await signUp(gateway);
  const named = async (name: string) => {
    const { updateProfile } = await gateway.graphql<{ updateProfile: { name: string } }>(
      UPDATE_PROFILE,
      { input: { name } },
      bearer(accessToken),
    );
    return updateProfile.name;
  };
  expect(await named('\u3000Zoe\u0308\u00A0')).toBe('Zoë');
  expect(await named('👩\u200D💻')).toBe('👩\u200D💻');
  expect(await named('ㅋ\u3164ㅋ')).toBe('ㅋ\u3164ㅋ');
});

test('a name that only the database refuses answers invalid', async () => {
  const { accessToken } = await signUp(gateway);
  // Plays a database whose Unicode version is newer than the gateway's.
  await gateway.sql.unsafe(`create or replace function portcullis.is_name(text) returns boolean
    language sql immutable strict as $$ select $1 <> 'Newer' $$`);
  const change = gateway.failure(UPDATE_PROFILE, { input: { name: 'Newer' } }, bearer(accessToken));
  expect(await codesOf(change)).toEqual(['invalid name']);
});
