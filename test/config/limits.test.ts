import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { environment } from '../../src/config/variables.ts';
import { mails } from '../../src/mail/kinds.ts';

function limitsOf(env: Record<string, string> = {}) {
  const { enabled, mailSpacingSeconds, smsSpacingSeconds, ...limits } = readConfig(env).limits;
  return Object.entries(limits).map(([key, limit]) => ({ key, ...limit }));
}

const variables = Object.keys(environment.shape).filter((name) => name.startsWith('LIMIT_'));

test('each limit has a counter name of its own', () => {
  expect(limitsOf().map(({ name, per }) => `${name} per ${per}`)).toEqual([
    'login_account per account',
    'mailed_token_password per user',
    'current_password per session',
    'second_factor per user',
    'login_address per address',
    'login_unaddressed per unaddressed',
    'signup_address per address',
    'signup_unaddressed per unaddressed',
    'provider_address per address',
    'provider_unaddressed per unaddressed',
    'anonymous_address per address',
    'anonymous_unaddressed per unaddressed',
    'password_reset_address per address',
    'password_reset_unaddressed per unaddressed',
    'code_address per address',
    'code_unaddressed per unaddressed',
    'code_guess_address per address',
    'code_guess_unaddressed per unaddressed',
    'email_exists_address per address',
    'email_exists_unaddressed per unaddressed',
    'email_change_user per user',
    'changes per user',
    'renewals per session',
    'personal_token per session',
    'refresh_repeats per session',
    'create_team per user',
    'create_project per user',
    'invite_team per team',
    'invite_inviter per user',
    'internal_secret per address',
    'mail_recipient per mailbox',
    'mail_recipient_reset per mailbox',
    'mail_recipient_of_others per mailbox',
    'sms_number per number',
    'sms_user per user',
    'sms_of_all per gateway',
    'sms_address per address',
    'sms_unaddressed per unaddressed',
  ]);
  expect(new Set(limitsOf().map(({ name }) => name)).size).toBe(limitsOf().length);
});

test.each(variables.filter((name) => !name.endsWith('_SPACING_SECONDS')))('%s sets a limit', (name) => {
  const changed = limitsOf({ [name]: '7/70' }).filter(({ count, seconds }) => count === 7 && seconds === 70);
  expect(changed).not.toEqual([]);
});

test('a variable sets every limit that shares its rate', () => {
  const changedBy = (name: string) =>
    limitsOf({ [name]: '7/70' }).flatMap(({ key, seconds }) => (seconds === 70 ? [key] : []));
  expect(changedBy('LIMIT_LOGIN_PER_ACCOUNT')).toEqual(['loginPerAccount', 'mailedTokenPasswordPerUser']);
  expect(changedBy('LIMIT_MAIL_PER_RECIPIENT')).toEqual([
    'mailPerRecipient',
    'resetMailPerRecipient',
    'othersMailPerRecipient',
  ]);
});

test('every limit is counted by the code', async () => {
  const files = (await readdir('src', { recursive: true })).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('config/'),
  );
  const source = (await Promise.all(files.map((file) => readFile(`src/${file}`, 'utf8')))).join('\n');
  const ofMails = new Set(Object.values(mails).map(({ limit }) => limit as string | null));
  const isCounted = (key: string): boolean => {
    const operation = /^(.*)(?:PerAddress|Unaddressed)$/.exec(key)?.[1];
    const ways = [`limits.${key}`, `operation: '${operation}'`, `callerCounter(deps, by, '${operation}')`];
    return ofMails.has(key) || ways.some((way) => source.includes(way));
  };
  expect(limitsOf().flatMap(({ key }) => (isCounted(key) ? [] : [key]))).toEqual([]);
});
