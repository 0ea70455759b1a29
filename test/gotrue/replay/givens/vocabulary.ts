import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JWTPayload } from 'jose';
import { adminToken, signShared } from '../../administrators.ts';
import { codeOf } from '../../mailbox.ts';
import { send, takeLink } from '../requests.ts';
import { freshId, mailTo, type Scene } from '../scene.ts';

/** Something that is true before a request of a case goes out. */
export type Given = (scene: Scene) => Promise<void> | void;

export type Preparation = Readonly<{
  /** Before the first request. */
  given?: readonly Given[];
  /** Before a later one, by its number: the second is 2. */
  before?: Readonly<Record<number, readonly Given[]>>;
  /** Whether all requests are sent at once. */
  together?: true;
}>;

export type Preparations = Readonly<Record<string, Preparation | readonly Given[]>>;

const PASSWORD = 'Correct-horse-1';

type Fields = Record<string, unknown>;

async function request(
  scene: Scene,
  [method, path]: [method: string, path: string],
  body: Fields | undefined,
  token?: string,
): Promise<void> {
  const { status, body: answer } = await send(
    scene,
    method,
    path,
    token === undefined ? {} : { authorization: `Bearer ${token}` },
    body === undefined ? undefined : JSON.stringify(body),
  );
  if (status >= 400) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(answer)}`);
}

/** An administrator sends a request. */
export const byAdmin =
  (method: string, path: (scene: Scene) => string, body?: (scene: Scene) => Fields): Given =>
  async (scene) =>
    request(scene, [method, path(scene)], body?.(scene), await adminToken());

/** A visitor posts a body. */
export const posted =
  (path: string, body: (scene: Scene) => Fields): Given =>
  (scene) =>
    request(scene, ['POST', path], body(scene));

/** A person with a proven address and a password, whom an administrator made. */
export const confirmed = (label = 'user1', fields: Fields = {}): Given =>
  byAdmin(
    'POST',
    () => '/admin/users',
    ({ address }) => ({ email: address(label), password: PASSWORD, email_confirm: true, ...fields }),
  );

export const signIn = (label = 'user1', password = PASSWORD): Given =>
  posted('/token?grant_type=password', ({ address }) => ({ email: address(label), password }));

export const signedIn =
  (label = 'user1', fields: Fields = {}): Given =>
  async (scene) => {
    await confirmed(label, fields)(scene);
    await signIn(label)(scene);
  };

/** A person with a proven number. */
export const hasNumber = (phone: string): Given =>
  byAdmin(
    'POST',
    () => '/admin/users',
    () => ({ phone, phone_confirm: true, password: PASSWORD }),
  );

export const signedUp = (label = 'user1', fields: (scene: Scene) => Fields = () => ({})): Given =>
  posted('/signup', (scene) => ({ email: scene.address(label), password: PASSWORD, ...fields(scene) }));

/** A visitor asks for a mail. */
export const asked = (path: string, label = 'user1', fields: (scene: Scene) => Fields = () => ({})): Given =>
  posted(path, (scene) => ({ email: scene.address(label), ...fields(scene) }));

export const invited = (label = 'user1', query = '', data: Fields = {}): Given =>
  byAdmin(
    'POST',
    () => `/invite${query}`,
    ({ address }) => ({ email: address(label), data }),
  );

export const banned = byAdmin(
  'PUT',
  ({ userIds }) => `/admin/users/${userIds.at(-1)}`,
  () => ({ ban_duration: '1h' }),
);

export const challenge = ({ challenge: code_challenge }: Scene): Record<string, string> => ({
  code_challenge,
  code_challenge_method: 's256',
});

/** The next request has the link of the nth mail to a person. */
export const link =
  (label = 'user1', count = 1): Given =>
  (scene) =>
    takeLink(scene, scene.address(label), count);

/** The nth mail to a person has arrived. A later request might replace its code before it is sent. */
export const mailArrived =
  (label = 'user1', count = 1): Given =>
  async (scene) =>
    void (await mailTo(scene, scene.address(label), count));

/** The next request has the code of the nth mail to a person. */
export const code =
  (label = 'user1', count = 1): Given =>
  async (scene) =>
    void scene.fills.set('otp', codeOf(await mailTo(scene, scene.address(label), count)));

export const wrongCode: Given = ({ fills }) => void fills.set('otp', '000000');

export const unknownLink: Given = ({ fills }) => void fills.set('hash', randomBytes(28).toString('hex'));

/** The next requests have this value: `jwt`, `refresh_token`, `id`, `user`. */
export const with_ =
  (field: string, value: (scene: Scene) => string | undefined): Given =>
  (scene) => {
    const found = value(scene);
    if (found === undefined) throw new Error(`The case has no ${field}.`);
    scene.fills.set(field, found);
  };

export const without =
  (field: string): Given =>
  ({ fills }) =>
    void fills.delete(field);

/** The next requests show the access token of a session: 0 is the first that was opened. */
export const asSession = (index: number): Given =>
  with_('jwt', ({ sessions }) => sessions.at(index)?.accessToken);

export const withRefreshTokenOf = (index: number): Given =>
  with_('refresh_token', ({ sessions }) => sessions.at(index)?.refreshToken);

/** The next requests show a token that was signed with a secret. */
export const asSigned =
  (claims: (scene: Scene) => JWTPayload, secret?: string): Given =>
  async (scene) =>
    void scene.fills.set('jwt', await signShared(claims(scene), secret));

/** A token of a person that names no session. */
export const asPersonWithoutSession = asSigned(({ userIds }) => ({
  sub: userIds.at(-1) ?? '',
  role: 'authenticated',
  aud: 'authenticated',
}));

export const toUnknownUser = with_('user', freshId);

export const refreshed = posted('/token?grant_type=refresh_token', ({ session }) => ({
  refresh_token: session?.refreshToken,
}));

export const put =
  (body: (scene: Scene) => Fields): Given =>
  (scene) =>
    request(scene, ['PUT', '/user'], body(scene), scene.session?.accessToken);

export const loggedOut: Given = (scene) =>
  request(scene, ['POST', '/logout'], undefined, scene.session?.accessToken);

/** The link of the last mail was followed. */
export const followed =
  (type: string): Given =>
  async (scene) => {
    const token = scene.fills.get('hash') ?? '';
    const { status } = await send(scene, 'GET', `/verify?token=${token}&type=${type}`);
    if (status !== 303) throw new Error(`The link answered ${status}.`);
  };

export const pause =
  (milliseconds: number): Given =>
  () =>
    sleep(milliseconds);
