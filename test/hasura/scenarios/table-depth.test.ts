import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newPerson, signUp } from '../../support/gateway.ts';
import { type Frontend, openStage, type Stage } from './frontend.ts';

// How deep a page asks of the tables, and what it calls things: Hasura puts no limit to either.

let stage: Stage;
let ada: { email: string; id: string };
let page: Frontend;
beforeAll(async () => {
  stage = await openStage();
  const { accessToken, user } = await signUp(stage.gateway, newPerson({ name: 'Ada', teamName: 'Engines' }));
  ada = user;
  page = stage.as(accessToken);
  await signUp(stage.gateway, newPerson({ teamName: 'Looms' }));
  await stage.gateway.sql`insert into portcullis.projects (id, team_id, name)
    select gen_random_uuid(), team_id, 'Mills' from portcullis.memberships where user_id = ${ada.id}`;
});
afterAll(() => stage.close());

const BACK = ['memberships', 'team'];
const CHAIN = [...BACK, ...BACK, ...BACK, ...BACK, 'memberships', 'user'];
/** From the innermost out. */
const within = <Value>(chain: readonly string[], inner: Value, wrap: (name: string, value: Value) => Value) =>
  chain.toReversed().reduce((value, name) => wrap(name, value), inner);

describe('through ten relationships', () => {
  test('a row is read', async () => {
    const selection = within(CHAIN, 'email', (name, inner) => `${name} { ${inner} }`);
    const row = within<unknown>(CHAIN, { email: ada.email }, (name, value) => ({
      [name]: name === 'memberships' ? [value] : value,
    }));
    expect(await page.run(`{ portcullis_users { ${selection} } }`)).toEqual({ portcullis_users: [row] });
  });

  test('a condition holds or does not, for whoever may read what is there', async () => {
    const found = async (reader: Frontend, email: string) => {
      const where = within<object>(CHAIN, { email: { _eq: email } }, (name, inner) => ({ [name]: inner }));
      const document =
        'query ($where: portcullis_users_bool_exp!) { portcullis_users(where: $where) { email } }';
      return reader.run(document, { where });
    };
    const rows = { portcullis_users: [{ email: ada.email }] };
    expect(await found(page, ada.email)).toEqual(rows);
    expect(await found(page, 'nobody@example.com')).toEqual({ portcullis_users: [] });
    expect(await found(stage.console(), ada.email)).toEqual(rows);
  });

  test('a condition under a selection holds for its own rows', async () => {
    const where = '{ team: { memberships: { team: { projects: { team: { name: { _eq: $name } } } } } } }';
    const document = `query ($name: String!) {
      portcullis_users { memberships { team { memberships(where: ${where}) { role } } } }
    }`;
    const answer = (memberships: object[]) => ({
      portcullis_users: [{ memberships: [{ team: { memberships } }] }],
    });
    expect(await page.run(document, { name: 'Engines' })).toEqual(answer([{ role: 'OWNER' }]));
    expect(await page.run(document, { name: 'Looms' })).toEqual(answer([]));
  });
});

test('aliases may be as long as one likes, one under the other', async () => {
  const name = (letter: string) => letter.repeat(70);
  const chain = ['memberships', 'team', 'projects', 'team'];
  const aliased = chain.map((field, index) => [`${name('a')}${index}`, field]);
  const selection = aliased.reduceRight((inner, [alias, field]) => `${alias}: ${field} { ${inner} }`, 'name');
  expect(await page.run(`{ ${name('b')}: portcullis_users { ${selection} } }`)).toEqual({
    [name('b')]: [
      aliased.reduceRight<object>(
        (value, [alias = '', field]) => ({ [alias]: field === 'team' ? value : [value] }),
        { name: 'Engines' },
      ),
    ],
  });
});
