import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { administrate, JWT_SECRET } from './administrators.ts';
import { expectError } from './wire.ts';

// The list of users for servers.

const COUNT = 7;
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { GOTRUE_JWT_SECRET: JWT_SECRET } });
  for (let n = 1; n <= COUNT; n++) {
    const user_metadata = { full_name: `Number ${n}%` };
    const body = { email: `user-${n}@example.com`, user_metadata, ...(n === 3 && { phone: '15005551234' }) };
    expect((await administrate(gateway, 'POST', '/admin/users', body)).status).toBe(200);
  }
});
afterAll(() => gateway.close());

type Listed = { users: { email: string; identities: null }[]; aud: string };
async function list(query = '', place = '') {
  const { status, body, headers } = await administrate(gateway, 'GET', `${place}/admin/users${query}`);
  expect(status).toBe(200);
  const { users, aud } = body as Listed;
  return { users, aud, total: headers.get('x-total-count'), link: headers.get('link') };
}
const numbers = async (query: string) =>
  (await list(query)).users.map(({ email }) => Number(/\d+/.exec(email)?.[0]));

test('is newest first, fifty a page, with the count and without identities', async () => {
  const { users, aud, total, link } = await list();
  expect(users.map(({ email }) => email)).toEqual(
    Array.from({ length: COUNT }, (_, n) => `user-${COUNT - n}@example.com`),
  );
  expect(users.every(({ identities }) => identities === null)).toBe(true);
  expect({ aud, total, link }).toEqual({
    aud: 'authenticated',
    total: '7',
    link: '</admin/users?page=1>; rel="last"',
  });
});

test('has pages, and links to the next and the last one, in the order that the stock client reads', async () => {
  expect(await numbers('?page=1&per_page=3')).toEqual([7, 6, 5]);
  expect(await numbers('?page=3&per_page=3')).toEqual([1]);
  expect((await list('?page=1&per_page=3')).link).toBe(
    '</admin/users?page=2&per_page=3>; rel="next", </admin/users?page=3&per_page=3>; rel="last"',
  );
  expect((await list('?per_page=3&page=3')).link).toBe('</admin/users?page=3&per_page=3>; rel="last"');
  expect((await list('?page=1&per_page=6', '/gotrue')).link).toContain(
    '</gotrue/admin/users?page=2&per_page=6>',
  );
});

test('is empty beyond the end', async () => {
  expect(await list('?page=99999&per_page=50')).toMatchObject({
    users: [],
    total: '7',
    link: '</admin/users?page=1&per_page=50>; rel="last"',
  });
});

test('is sorted by the time of creation, either way', async () => {
  expect(await numbers('?sort=created_at%20asc&per_page=2')).toEqual([1, 2]);
  expect(await numbers('?sort=created_at%20desc&per_page=2')).toEqual([7, 6]);
  expect(await numbers('?sort=created_at&per_page=2')).toEqual([7, 6]);
});

test('is filtered by a part of the address, the number, the full name or the id, without wildcards', async () => {
  const { users, total, link } = await list('?filter=USER-4%40');
  expect([users.length, total, link]).toEqual([1, '1', '</admin/users?filter=USER-4%40&page=1>; rel="last"']);
  expect(await numbers('?filter=5551234')).toEqual([3]);
  expect(await numbers('?filter=number%206')).toEqual([6]);
  expect(await numbers('?filter=6%25')).toEqual([6]);
  expect(await numbers('?filter=er_1')).toEqual([]);
});

test.each([
  ['page=x', 'Bad Pagination Parameters: strconv.ParseUint: parsing "x": invalid syntax'],
  ['per_page=-1', 'Bad Pagination Parameters: strconv.ParseUint: parsing "-1": invalid syntax'],
  ['per_page=1001', 'Bad Pagination Parameters: per_page must be at most 1000'],
  ['sort=password', "Bad Sort Parameters: bad field for sort 'password'"],
  ['sort=created_at%20up', "Bad Sort Parameters: bad direction for sort 'up', only 'asc' and 'desc' allowed"],
  ['page=999999999999999&per_page=1000', expect.stringContaining('page')],
  ['filter=%00', expect.stringContaining('filter')],
])('refuses %s: validation_failed', async (query, message) => {
  const answer = await administrate(gateway, 'GET', `/admin/users?${query}`);
  expectError(answer, 400, 'validation_failed', message);
});
