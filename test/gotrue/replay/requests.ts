import { TOTP } from 'otpauth';
import { adminToken } from '../administrators.ts';
import { codeOf, hashOf } from '../mailbox.ts';
import { type Answer, isObject } from './compare.ts';
import type { Step } from './recordings.ts';
import { freshId, mailTo, type Scene } from './scene.ts';
import { PHONE_CODE } from './servers.ts';

type Body = Record<string, unknown>;

const must = <T>(value: T | null | undefined, what: string): T => {
  if (value === null || value === undefined) throw new Error(`The case has no ${what} yet.`);
  return value;
};

const isForAdministrators = (path: string): boolean => /^\/(admin|invite)\b/.test(path);

async function fillHeaders(scene: Scene, path: string, headers: Readonly<Record<string, string>>) {
  const filled = { ...headers };
  const authorization = headers.authorization;
  if (authorization?.includes('«jwt»')) {
    const token =
      scene.fills.get('jwt') ??
      (isForAdministrators(path) ? await adminToken() : must(scene.session, 'session').accessToken);
    filled.authorization = authorization.replace('«jwt»', token);
  }
  return filled;
}

async function fillPath(scene: Scene, path: string): Promise<string> {
  let filled = path;
  // A link's token keeps its prefix, which is part of it.
  if (filled.includes('«hash»'))
    filled = filled.replace(
      /(pkce_)?«hash»/,
      must(scene.fills.get('hash') ?? scene.madeLinks.at(-1)?.hash, 'link'),
    );
  if (filled.includes('/factors/«uuid»'))
    filled = filled.replace('/factors/«uuid»', `/factors/${must(scene.factorIds.at(-1), 'factor')}`);
  if (filled.includes('state=«uuid»'))
    filled = filled.replace('state=«uuid»', `state=${must(scene.fills.get('state'), 'state')}`);
  if (filled.includes('code=«uuid»'))
    filled = filled.replace(
      'code=«uuid»',
      // The provider names itself beside its code (RFC 9207), as the recorded one did not.
      `code=${must(scene.fills.get('code'), 'code of the provider')}&iss=${scene.fills.get('iss') ?? ''}`,
    );
  if (filled.includes('«uuid»'))
    filled = filled.replace('«uuid»', scene.fills.get('user') ?? must(scene.userIds.at(-1), 'user'));
  return filled.replaceAll('«pkce»', scene.challenge);
}

/** The code that was sent to the address or the number in a body. */
async function sentCode(scene: Scene, body: Body): Promise<string> {
  if (body.phone !== undefined) return PHONE_CODE;
  if (scene.madeLinks.length > 0) return scene.madeLinks.at(-1)?.code ?? '';
  return codeOf(await mailTo(scene, String(body.email)));
}

async function fillField(scene: Scene, key: string, value: unknown, body: Body): Promise<unknown> {
  if (typeof value !== 'string' || !value.includes('«')) return value;
  const fill = scene.fills.get(key);
  if (fill !== undefined) return fill;
  if (value === '«otp»') return scene.fills.get('otp') ?? (await sentCode(scene, body));
  if (key === 'code_challenge') return scene.challenge;
  if (key === 'code_verifier') return scene.verifier;
  if (key === 'auth_code') return must(scene.authCode, 'code of PKCE');
  if (key === 'refresh_token') return scene.fills.get('token') ?? must(scene.session, 'session').refreshToken;
  if (key === 'token_hash') return must(scene.fills.get('hash') ?? scene.madeLinks.at(-1)?.hash, 'link');
  if (key === 'challenge_id') return must(scene.challengeId, 'challenge');
  if (value === '«totp»') return new TOTP({ secret: must(scene.totpSecret, 'secret') }).generate();
  if (key === 'factorId') return must(scene.factorIds.at(-1), 'factor');
  if (key === 'id') return scene.fills.get('id') ?? freshId();
  throw new Error(`Nothing fills ${value} of ${key}.`);
}

async function fillBody(scene: Scene, body: unknown): Promise<string | undefined> {
  if (body === undefined) return undefined;
  if (typeof body === 'string') {
    const size = /^«(\d+) bytes»$/.exec(body)?.[1];
    return size === undefined ? body : JSON.stringify({ email: 'x'.repeat(Number(size) - 12) });
  }
  if (!isObject(body)) return JSON.stringify(body);
  const filled: Body = {};
  for (const [key, value] of Object.entries(body)) filled[key] = await fillField(scene, key, value, body);
  return JSON.stringify(filled);
}

/** Puts values for the placeholders of a recorded request, and sends it. */
export async function play(scene: Scene, step: Step): Promise<Answer> {
  const [method = 'GET', path = '/'] = step.send.split(' ', 2);
  const headers = await fillHeaders(scene, path, step.headers ?? {});
  const body = await fillBody(scene, step.body);
  return send(scene, method, await fillPath(scene, path), headers, body);
}

/** Sends a request of a case, and keeps what its answer gives. */
export async function send(
  scene: Scene,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  const response = await fetch(`${scene.server.gateway.url}${path}`, {
    method,
    redirect: 'manual',
    headers: { ...headers, ...(scene.cookie !== null && { cookie: scene.cookie }) },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const answer = { status: response.status, headers: response.headers, body: parsed(text) };
  learn(scene, answer);
  return answer;
}

function parsed(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function open(scene: Scene, accessToken: unknown, refreshToken: unknown): void {
  if (typeof accessToken !== 'string' || typeof refreshToken !== 'string') return;
  scene.session = { accessToken, refreshToken };
  scene.sessions.push(scene.session);
}

function learn(scene: Scene, { body, headers }: Answer): void {
  if (isObject(body)) {
    open(scene, body.access_token, body.refresh_token);
    const user = isObject(body.user) ? body.user : body;
    if (typeof user.id === 'string' && 'aud' in user) scene.userIds.push(user.id);
    if ('totp' in body && typeof body.id === 'string') scene.factorIds.push(body.id);
    if (body.type === 'totp' && 'expires_at' in body) scene.challengeId = String(body.id);
    if (isObject(body.totp)) scene.totpSecret = String(body.totp.secret);
    if (typeof body.hashed_token === 'string')
      scene.madeLinks.push({ hash: body.hashed_token, code: String(body.email_otp) });
  }
  const [cookie] = headers.getSetCookie();
  if (cookie !== undefined) scene.cookie = cookie.split(';', 1)[0] ?? null;
  const location = headers.get('location');
  if (location === null || !URL.canParse(location)) return;
  const { searchParams, hash } = new URL(location);
  scene.authCode = searchParams.get('code') ?? scene.authCode;
  const fragment = new URLSearchParams(hash.slice(1));
  open(scene, fragment.get('access_token'), fragment.get('refresh_token'));
}

/** Takes the link's token of the newest mail to an address for the next request. */
export async function takeLink(scene: Scene, address: string, count = 1): Promise<void> {
  scene.fills.set('hash', hashOf(await mailTo(scene, address, count)));
}
