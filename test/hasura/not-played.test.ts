import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStage, type Stage } from './scenarios/frontend.ts';

// What the stand-in lacks: a test must not take its silence for Hasura's.

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

test('what is not played fails the test that asks for it', async () => {
  const console = stage.console();
  const asked = [
    '{ portcullis_projects(order_by: { name: asc, id: asc }) { id } }',
    '{ portcullis_projects(where: { created_at: { _gt: 1 } }) { id } }',
    '{ portcullis_teams(where: { projects_aggregate: { count: { predicate: { _gt: 1 } } } }) { id } }',
    '{ jwks(where: { public_jwk: { _cast: { String: { _eq: "x" } } } }) { id } }',
    '{ portcullis_teams_aggregate { aggregate { count(columns: [id, name]) } } }',
  ];
  for (const document of asked)
    await expect(console.run(document), document).rejects.toThrow(/not (known|played)/);
});

test('a type that nobody declares is none that the stand-in would make up', async () => {
  const spoiled = await openStage({
    engine: {
      spoil(metadata) {
        metadata.actionsSdl = metadata.actionsSdl.replace('expiresAt: timestamptz!', 'expiresAt: tomorrow!');
      },
    },
  });
  try {
    expect(await spoiled.engine.inconsistent()).toEqual([
      'custom_types custom_types: Inconsistent object: Nobody declares tomorrow.',
    ]);
  } finally {
    await spoiled.close();
  }
});
