import { describe, expect, test } from 'vitest';
import { exchangeCode } from '../../src/flows/sign-in/exchange-code.ts';
import { forFile } from '../support/for-file.ts';
import { newPkce } from '../support/pkce.ts';
import { SITE, startCodes, verifiedUser } from './codes.ts';
import { expectError } from './wire.ts';

// GET /verify: what a mailed link leads to.

const codes = forFile(() => startCodes());

const by = { device: { address: null, userAgent: null } };
const DEAD =
  'error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired';

const place = (answer: Response) => answer.headers.get('location') ?? '';
const at = (path: string) => new URL(path, 'https://auth.example.com');

async function mailedLink({ redirect = SITE, ...more }: { redirect?: string; [name: string]: unknown } = {}) {
  const { id, email } = await verifiedUser(codes);
  await codes.post(`/otp?redirect_to=${encodeURIComponent(redirect)}`, { email, ...more });
  return { id, email, ...(await codes.mailed(email, 2)) };
}

describe('a link', () => {
  test('leads to the site with the session in the fragment, sorted, with the mark sb', async () => {
    const { id, link } = await mailedLink();
    const answer = await codes.open(link);
    expect(answer.status).toBe(303);
    expect(place(answer)).toMatch(
      /^https:\/\/app\.example\.com#access_token=[\w.-]+&expires_at=\d+&expires_in=\d+&refresh_token=[\w.-]+&sb=&token_type=bearer&type=magiclink$/,
    );
    expect(answer.headers.get('sb-auth-user-id')).toBe(id);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await answer.text()).not.toContain('access_token');
  });

  test('of type email signs in, and is called magiclink', async () => {
    const { token } = await mailedLink();
    const answer = await codes.open(at(`/verify?token=${token}&type=email`));
    expect(place(answer)).toMatch(/&type=magiclink$/);
  });

  test('leads to an allowed target, with its query', async () => {
    const { link } = await mailedLink({ redirect: `${SITE}/in?a=1` });
    expect(place(await codes.open(link))).toMatch(/^https:\/\/app\.example\.com\/in\?a=1#access_token=/);
  });

  test('leads to a deep link that is allowed', async () => {
    const { link } = await mailedLink({ redirect: 'myapp://login' });
    expect(place(await codes.open(link))).toMatch(/^myapp:\/\/login#access_token=/);
  });

  test.each([
    'https://evil.example.net/steal',
    'https://app.example.com@evil.example.net',
    'javascript:alert(1)',
  ])('gives no token to %s', async (target) => {
    const { token } = await mailedLink();
    const answer = await codes.open(
      at(`/verify?token=${token}&type=magiclink&redirect_to=${encodeURIComponent(target)}`),
    );
    expect(place(answer)).toMatch(/^https:\/\/app\.example\.com#access_token=/);
  });

  test('leads to no other site by the page that it comes from, not with an error either', async () => {
    const link = at('/verify?token=made-up&type=signup');
    const answer = await fetch(codes.gateway.url + link.pathname + link.search, {
      redirect: 'manual',
      headers: { referer: 'https://evil.example.net/' },
    });
    expect(place(answer)).toBe(`${SITE}#${DEAD}&sb=`);
  });

  test('works once, and then leads back with the error', async () => {
    const { link } = await mailedLink();
    await codes.open(link);
    const answer = await codes.open(link);
    expect([answer.status, place(answer)]).toEqual([303, `${SITE}#${DEAD}&sb=`]);
  });

  test('of another purpose is dead: recovery', async () => {
    const { token } = await mailedLink();
    expect(place(await codes.open(at(`/verify?token=${token}&type=recovery`)))).toContain('otp_expired');
    expect(place(await codes.open(at(`/verify?token=${token}&type=magiclink`)))).toContain('access_token');
  });

  test('of an unknown type leads back with validation_failed', async () => {
    const answer = await codes.open(at('/verify?type=nonsense&token=abc'));
    expect(place(answer)).toBe(
      `${SITE}#error=invalid_request&error_code=validation_failed&error_description=Invalid+email+verification+type&sb=`,
    );
  });

  test.each([
    ['/verify?type=signup', 'Verify requires a token or a token hash'],
    ['/verify?type=signup&token_hash=abc', 'Verify requires a token or a token hash'],
    ['/verify?token=abc', 'Verify requires a verification type'],
  ])('%s is refused: validation_failed', async (path, message) => {
    const answer = await codes.open(at(path));
    const body = JSON.parse(await answer.text());
    expectError({ status: answer.status, headers: answer.headers, body }, 400, 'validation_failed', message);
  });

  test('is not used up by HEAD', async () => {
    const { link } = await mailedLink();
    const head = await codes.open(link, 'HEAD');
    expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect(place(await codes.open(link))).toContain('access_token');
  });

  test('works below the aliases too', async () => {
    const { link } = await mailedLink();
    expect(place(await codes.open(at(`/gotrue/auth/v1${link.pathname}${link.search}`)))).toContain(
      'access_token',
    );
  });
});

describe('the link of a PKCE flow', () => {
  const begin = async (redirect = SITE, method = 's256') => {
    const { verifier, challenge } = newPkce();
    const code_challenge = method.toLowerCase() === 'plain' ? verifier : challenge;
    const mailed = await mailedLink({ redirect, code_challenge, code_challenge_method: method });
    return { ...mailed, verifier };
  };
  const exchange = (code: string, codeVerifier: string) =>
    exchangeCode(codes.gateway.deps, by, { code, codeVerifier, form: 'gotrue' });
  const codeOf = (answer: Response) => new URL(place(answer)).searchParams.get('code') ?? '';

  test('gives a code in the query and no token, and the code gives a session once', async () => {
    const { id, link, token, verifier } = await begin(`${SITE}/cb?x=2&x=1&code=old`);
    expect(token).toMatch(/^pkce_/);
    const answer = await codes.open(link);
    expect(place(answer)).toMatch(/^https:\/\/app\.example\.com\/cb\?code=[0-9a-f-]{36}&x=2&x=1$/);
    const code = codeOf(answer);
    await expect(exchange(code, `${verifier}x`)).rejects.toMatchObject({ code: 'invalid_code_verifier' });
    const all = await Promise.allSettled(Array.from({ length: 50 }, () => exchange(code, verifier)));
    const won = all.filter((each) => each.status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(won[0]?.value.user.id).toBe(id);
    await expect(exchange(code, verifier)).rejects.toMatchObject({ details: { reason: 'not_found' } });
    const [row] = await codes.gateway.sql`
      select methods from portcullis.sessions where user_id = ${id} order by id desc limit 1`;
    expect(row?.methods).toMatchObject([{ method: 'magiclink' }]);
  });

  test('may have a plain challenge, which is kept hashed', async () => {
    const { link, verifier } = await begin(SITE, 'PLAIN');
    const stored = await codes.gateway.sql`
      select code_challenge from portcullis_private.flow_states where code_challenge = ${verifier}`;
    expect(stored).toHaveLength(0);
    expect((await exchange(codeOf(await codes.open(link)), verifier)).accessToken).toBeTruthy();
  });

  test('gives a code that expires after 300 seconds', async () => {
    const { link, verifier } = await begin();
    const code = codeOf(await codes.open(link));
    await codes.gateway.sql`
      update portcullis_private.flow_states set expires_at = now() where auth_code_hash is not null`;
    await expect(exchange(code, verifier)).rejects.toMatchObject({ details: { reason: 'expired' } });
  });

  test('used twice leads back with the error in query and fragment', async () => {
    const { link } = await begin();
    await codes.open(link);
    expect(place(await codes.open(link))).toBe(`${SITE}?${DEAD}#${DEAD}&sb=`);
  });

  test('of which fifty are opened at once gives one code', async () => {
    const { link } = await begin();
    const answers = await Promise.all(Array.from({ length: 50 }, () => codes.open(link)));
    expect(answers.filter((answer) => codeOf(answer) !== '')).toHaveLength(1);
  });

  test('gives no session to a person who was disabled in between', async () => {
    const { id, link, verifier } = await begin();
    const code = codeOf(await codes.open(link));
    await codes.gateway.sql`update portcullis.users set disabled_at = now() where id = ${id}`;
    await expect(exchange(code, verifier)).rejects.toMatchObject({ code: 'account_disabled' });
  });
});
