import { expect, test } from 'vitest';
import { startGateway } from '../../support/gateway.ts';
import { startEngine } from '../../support/hasura/engine.ts';
import { startRecorder } from '../../support/hasura/recorder.ts';
import { frontend } from './frontend.ts';

test('an argument that is preset comes from the session, and the role does not see it', async () => {
  const gateway = await startGateway();
  const recorder = await startRecorder(gateway.url);
  const presetting = await startEngine({
    gateway: { url: recorder.url, secret: gateway.secret },
    databaseUrl: gateway.databaseUrl,
    spoil({ remoteSchemas }) {
      const preset = 'emailExists(email: String! @preset(value: "X-Hasura-Email"))';
      for (const { definition } of remoteSchemas.flatMap(({ permissions }) => permissions))
        definition.schema = definition.schema.replace('emailExists(email: String!)', preset);
    },
  });
  try {
    expect(presetting.inconsistent()).toEqual([]);
    recorder.seen.length = 0;
    const ask = 'query Known { emailExists }';
    await frontend(presetting.url, { 'x-hasura-email': 'a@example.com' }).run(ask);
    expect(recorder.seen.map(({ body }) => body)).toEqual([
      {
        query: 'query Known($x_hasura_email: String!) {\n  emailExists(email: $x_hasura_email)\n}',
        operationName: 'Known',
        variables: { x_hasura_email: 'a@example.com' },
      },
    ]);
    expect(await frontend(presetting.url, {}).refused(ask)).toMatchObject([
      { message: '"x-hasura-email" session variable expected, but not found' },
    ]);
    const chosen = '{ emailExists(email: "b@example.com") }';
    expect(await frontend(presetting.url, {}).refused(chosen)).toMatchObject([
      { extensions: { code: 'validation-failed' } },
    ]);
  } finally {
    await presetting.close();
    await recorder.close();
    await gateway.close();
  }
});
