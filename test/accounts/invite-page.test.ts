import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { join, openPage, startAccounts } from './accounts.ts';

const accounts = forFile(() =>
  startAccounts({ SMTP_URL: 'off', APP_URL: 'https://app.example.com/welcome' }),
);

const open = (path: string, form?: Record<string, string> | string, headers?: Record<string, string>) =>
  openPage(accounts.gateway, path, form, headers);

describe('the invite page', () => {
  async function invite(name: string, expires = '1 day') {
    const ada = await join(accounts, { name: 'Ada <b>', teamName: name });
    const [row] = await accounts.gateway.sql`
      insert into portcullis.invites (id, team_id, email, role, inviter_id, expires_at)
      select gen_random_uuid(), team_id, 'grace@example.com', 'MEMBER', user_id, now() + ${expires}::interval
      from portcullis.memberships where user_id = ${ada.user.id} returning id`;
    return `/mail/invite/${row?.id}`;
  }

  test('names the inviter and the team, hides the invited address, and answers 405 to a form', async () => {
    const path = await invite('Engines & <i>Co</i>');
    const page = await open(path);
    expect(page).toMatchObject({ status: 200, title: 'Join “Engines &amp; iCo/i”' });
    expect(page.html).toContain('Ada b invites you to the team');
    expect(page.html).not.toContain('grace@example.com');
    expect(page.html).toContain('https://app.example.com/welcome');
    expect((await open(path, {})).status).toBe(405);
    expect(accounts.gateway.logged()).toContain('"route":"/mail/invite/:inviteId"');
    expect(accounts.gateway.logged()).not.toContain(path.split('/').at(-1));
  });

  test('is the same 410 page for an expired and for an unknown invite', async () => {
    const expired = await open(await invite('Engines', '-1 second'));
    expect(expired).toMatchObject({ status: 410, title: 'This invite is no longer valid' });
    for (const id of [crypto.randomUUID(), 'made-up', '%00'])
      expect((await open(`/mail/invite/${id}`)).html).toBe(expired.html);
  });

  test('does not show a team name that is a URL as a link', async () => {
    const page = await open(await invite('https://evil.example'));
    expect(page.title).not.toContain('https://');
  });
});
