import { expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { join, openStage } from './frontend.ts';

const stage = forFile(() => openStage());

type Described = { description: string | null };
type Answer = { __type: Described & { fields: (Described & { name: string })[] } };

test('a page reads the descriptions of tables and columns in the schema of Hasura', async () => {
  const { accessToken } = await join(stage);
  const page = stage.as(accessToken);
  for (const [table, description] of [
    ['users', 'The accounts of people.'],
    ['teams', 'The teams that people belong to.'],
  ]) {
    const { __type: type } = await page.run<Answer>(
      `{ __type(name: "portcullis_${table}") { description fields { name description } } }`,
    );
    expect(type.description).toBe(description);
    const name = type.fields.find((field) => field.name === 'name');
    expect(name?.description).toMatch(/^The name .*\.$/);
  }
});
