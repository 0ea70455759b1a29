import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse, print } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { playExample } from './example.ts';
import { codes, type Frontend, LOGOUT, openStage } from './frontend.ts';
import { furnish, REMOVE } from './team.ts';

// A team of developers copies hasura/example, and its frontend uses the table.

const stage = forFile(() => openStage({ env: { HASURA_ROLES: 'editor' }, prepare: playExample }));

/** The operations of hasura/example/notes.graphql, by name. */
const operations: Record<string, string> = {};
beforeAll(async () => {
  const { definitions } = parse(await readFile('hasura/example/notes.graphql', 'utf8'));
  for (const node of definitions) if ('operation' in node) operations[node.name?.value ?? ''] = print(node);
});

type Note = { id: string; title: string; body: string; team: { name: string } | null };

const notesOf = async (page: Frontend): Promise<string[]> =>
  (await page.run<{ notes: Note[] }>(operations.Notes ?? '')).notes.map(({ title }) => title);

async function add(page: Frontend, title: string, teamId: string | null = null): Promise<string> {
  const { insert_notes_one: note } = await page.run<{ insert_notes_one: Note }>(operations.AddNote ?? '', {
    title,
    teamId,
  });
  return note.id;
}

const edit = (page: Frontend, id: string, body: string) => page.run(operations.EditNote ?? '', { id, body });
const remove = (page: Frontend, id: string) => page.run(operations.DeleteNote ?? '', { id });

test('the shipped tables and the copied table are consistent', async () => {
  expect(await stage.engine.inconsistent()).toEqual([]);
});

describe('a person', () => {
  test('writes, reads, changes and deletes a note of their own, which others do not see', async () => {
    const { member, admin } = await furnish(stage);
    const [page, other] = [stage.as(member.accessToken), stage.as(admin.accessToken)];
    const id = await add(page, 'Mine');
    expect(await notesOf(page)).toEqual(['Mine']);
    expect(await notesOf(other)).toEqual([]);
    expect(await edit(page, id, 'Text')).toEqual({ update_notes_by_pk: { id, body: 'Text' } });
    expect(await edit(other, id, 'Mischief')).toEqual({ update_notes_by_pk: null });
    expect(await remove(other, id)).toEqual({ delete_notes_by_pk: null });
    expect(await remove(page, id)).toEqual({ delete_notes_by_pk: { id } });
    expect(await notesOf(page)).toEqual([]);
  });

  test('cannot choose the owner of a note, and cannot share one with a team of others', async () => {
    const [{ member }, { teamId: elsewhere }] = [await furnish(stage), await furnish(stage)];
    const page = stage.as(member.accessToken);
    const withOwner = `mutation { insert_notes_one(object: { title: "x", owner_id: "${randomUUID()}" }) { id } }`;
    expect(await codes(page.refused(withOwner))).toEqual(['validation-failed']);
    const shared = page.refused(operations.AddNote ?? '', { title: 'x', teamId: elsewhere });
    expect(await codes(shared)).toEqual(['permission-error']);
    expect(await notesOf(page)).toEqual([]);
  });

  test('loses the notes with the session, although the token is still valid', async () => {
    const { member } = await furnish(stage);
    const page = stage.as(member.accessToken);
    const id = await add(page, 'Mine');
    await page.run(LOGOUT);
    expect(await notesOf(page)).toEqual([]);
    expect(await edit(page, id, 'Late')).toEqual({ update_notes_by_pk: null });
    expect(await codes(page.refused(operations.AddNote ?? '', { title: 'Late' }))).toEqual([
      'permission-error',
    ]);
  });

  test('takes the notes along when the account is deleted', async () => {
    const { member } = await furnish(stage);
    const page = stage.as(member.accessToken);
    const id = await add(page, 'Mine');
    await page.run('mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { ok } }', {
      input: { currentPassword: member.password },
    });
    expect(await stage.gateway.sql`select from app.notes where id = ${id}`).toHaveLength(0);
  });
});

describe('a team', () => {
  test('reads the notes that are shared with it, until a member is removed', async () => {
    const { owner, member, teamId, page } = await furnish(stage);
    const id = await add(page, 'Ours', teamId);
    const memberPage = stage.as(member.accessToken);
    const { notes } = await memberPage.run<{ notes: Note[] }>(operations.Notes ?? '');
    expect(notes).toEqual([{ id, title: 'Ours', body: '', team: { name: 'Engines' } }]);
    expect(await edit(memberPage, id, 'Mischief')).toEqual({ update_notes_by_pk: null });
    await page.run(REMOVE, { input: { teamId, userId: member.user.id } });
    expect(await notesOf(memberPage)).toEqual([]);
    expect(await notesOf(stage.as(owner.accessToken))).toEqual(['Ours']);
  });

  test('lets its admin delete the note of a member, but not its members', async () => {
    const { admin, member, teamId, page } = await furnish(stage);
    const [first, second] = [
      await add(page, 'Ours', teamId),
      await add(stage.as(member.accessToken), 'Ours', teamId),
    ];
    expect(await remove(stage.as(member.accessToken), first)).toEqual({ delete_notes_by_pk: null });
    expect(await remove(stage.as(admin.accessToken), second)).toEqual({ delete_notes_by_pk: { id: second } });
  });

  test('has an editor who changes its notes, until the operator takes the role', async () => {
    const { member, teamId, page } = await furnish(stage);
    const id = await add(page, 'Ours', teamId);
    const giveRoles = (roles: string[]) =>
      stage.console().run('mutation ($input: SetUserRolesInput!) { setUserRoles(input: $input) { roles } }', {
        input: { userId: member.user.id, teamId, roles },
      });
    const headers = { 'x-hasura-role': 'editor' };
    const refused = stage.as(member.accessToken, headers).refused(operations.Notes ?? '');
    expect((await refused)[0]?.message).toContain('not in allowed roles');
    await giveRoles(['editor']);
    const { switchTeam } = await stage
      .as(member.accessToken)
      .run<{ switchTeam: { teamToken: string } }>(
        'mutation ($input: SwitchTeamInput!) { switchTeam(input: $input) { teamToken } }',
        { input: { teamId } },
      );
    const editor = stage.as(switchTeam.teamToken, headers);
    expect(await notesOf(editor)).toEqual(['Ours']);
    expect(await edit(editor, id, 'Edited')).toEqual({ update_notes_by_pk: { id, body: 'Edited' } });
    await giveRoles([]);
    expect(await notesOf(editor)).toEqual([]);
    expect(await edit(editor, id, 'Late')).toEqual({ update_notes_by_pk: null });
  });
});
