import { expect, test } from 'vitest';
import { foreign, plan } from './planning.ts';

const collection = {
  name: 'saved',
  definition: {
    queries: [
      { name: 'own', query: 'query own { notes { id } }' },
      { name: 'who', query: 'query who { me { id } notes { id } }' },
      { name: 'keys', query: 'query keys { all: portcullis_users { id } }' },
      { name: 'unreadable', query: 'query {' },
    ],
  },
};
const installed = () =>
  plan(foreign((metadata) => void (metadata.query_collections as unknown as object[]).push(collection)));

const line = (name: string, field: string) =>
  `Your query ${name} of the collection saved asks for ${field}, which goes away.`;

test('saved queries of theirs that a removal breaks are named, and stay', () => {
  const { metadata, notes } = installed();
  expect(notes.join()).not.toContain('goes away');
  const removal = plan(metadata, { remove: true });
  expect(removal.notes).toEqual([line('who', 'me'), line('keys', 'portcullis_users')]);
  expect(removal.metadata.query_collections).toEqual(metadata.query_collections);
});

test('saved queries of theirs that a new namespace breaks are named', () => {
  expect(plan(installed().metadata, { namespace: 'auth' }).notes).toEqual(
    expect.arrayContaining([line('who', 'me'), line('keys', 'portcullis_users')]),
  );
});
