import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/read-config.ts';
import { type Stage, startStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const failing = (sql: string) =>
  stage.withClaims(sql).then(
    async (started) => {
      await started.close();
      return expect.fail('The gateway started.');
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as ConfigError).problems.join();
    },
  );

describe('the gateway does not start with', () => {
  test.each([
    ['a statement that does not parse', 'select frm where $1', 'CLAIMS_SQL: column "frm" does not exist'],
    ['a view that does not exist', 'app.nothing', 'CLAIMS_SQL: relation "app.nothing" does not exist'],
    ['a view without a schema', 'user_claims', "CLAIMS_SQL: must name the view's schema: public.user_claims"],
    [
      'a name without a schema',
      'select 1 as a from profiles where $1 is null',
      'CLAIMS_SQL: relation "profiles" does not exist',
    ],
    ['a statement that does not select by the user', 'select 1 as a', 'CLAIMS_SQL: must select by $1'],
    ['a second parameter', 'select $2::text as a where $1 is null', 'CLAIMS_SQL: there is no parameter $2'],
    [
      'several rows',
      'select g as a from generate_series(1, 3) g where $1 is not null',
      'CLAIMS_SQL: returned more than one row',
    ],
    [
      'two statements',
      'select 1 as a where $1 is null; drop table app.profiles',
      'CLAIMS_SQL: must be one statement without a semicolon',
    ],
    ['an insert', 'insert into app.profiles values ($1) returning plan', 'CLAIMS_SQL: must be a select'],
    [
      'an insert inside a select',
      'with i as (insert into app.profiles values ($1) returning plan) select plan from i',
      'CLAIMS_SQL: WITH clause containing a data-modifying statement must be at the top level',
    ],
    ['no column', 'select $1 as user_id', 'CLAIMS_SQL: has no column besides user_id'],
    [
      'a column without a name',
      'select 1 where $1 is null',
      'CLAIMS_SQL: the column "?column?" does not name a claim',
    ],
    [
      'two columns of one name',
      'select 1 as org, 2 as org where $1 is null',
      'CLAIMS_SQL: column reference "org" is ambiguous',
    ],
    [
      'two columns of one claim',
      'select 1 as org_id, 2 as "x-hasura-org-id" where $1 is null',
      'CLAIMS_SQL: two columns name the claim x-hasura-org-id',
    ],
    [
      'too many columns',
      `select ${Array.from({ length: 33 }, (_, at) => `1 as c${at}`)} where $1 is null`,
      'CLAIMS_SQL: has more than 32 columns',
    ],
  ])('%s', async (_title, statement, problem) => {
    expect(await failing(statement)).toContain(problem);
  });

  test.each([
    ...[
      'user-id',
      'session-id',
      'allowed-roles',
      'default-role',
      'role',
      'team-id',
      'team-role',
      'token-kind',
    ],
    ...['auth-level', 'gateway-secret', 'admin-secret', 'access-key', 'use-backend-only-permissions'],
  ])('the reserved name x-hasura-%s, in every spelling', async (name) => {
    const spellings = [`x-hasura-${name}`, `X-Hasura-${name.toUpperCase()}`, name.replaceAll('-', '_'), name];
    for (const column of spellings.filter((spelling) => spelling !== 'user_id'))
      expect(await failing(`select 'x' as "${column}" where $1 is null`), column).toBe(
        `CLAIMS_SQL: the name x-hasura-${name} is reserved`,
      );
  });
});
