export const HASURA = 'http://localhost:8080/v1/graphql';

const TOKENS = '{ accessToken refreshToken user { id } }';
const SIGNUP = `mutation Signup($input: SignupInput!) { signup(input: $input) ${TOKENS} }`;
const LOGIN = `mutation Login($input: LoginInput!) { login(input: $input) ${TOKENS} }`;
const REFRESH = `mutation Refresh($input: RefreshInput) { refresh(input: $input) ${TOKENS} }`;
const LOGOUT = 'mutation Logout($input: LogoutInput) { logout(input: $input) { sessionsEnded } }';
// The gateway answers `me`. Hasura answers `portcullis_sessions`: the rows of the current user.
export const MINE = 'query Mine { me { id email name } portcullis_sessions { id created_at } }';

// Reads the storage every time: another tab may have refreshed.
export const stored = () => JSON.parse(localStorage.getItem('tokens') ?? '{}');
// The user is stored too: a refresh that returns the tokens of another user signs out.
export const store = (tokens = {}) => localStorage.setItem('tokens', JSON.stringify(tokens));

export function send(init = {}, accessToken = '') {
  const request = new Request(HASURA, init);
  if (accessToken) request.headers.set('authorization', `Bearer ${accessToken}`);
  return fetch(request);
}

async function ask(query = '', variables = {}, by = send) {
  const body = JSON.stringify({ query, variables });
  const response = await by({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { data, errors } = await response.json();
  if (errors) throw Object.assign(new Error(errors[0].message), errors[0].extensions); // error.code
  return data;
}

const SIGNED_OUT = ['invalid_refresh_token', 'refresh_token_reused', 'required'];

async function refresh(expired = '') {
  const { accessToken, refreshToken, user } = stored();
  if (accessToken !== expired) return; // Another tab was faster.
  const inTime = (init = {}) => send({ ...init, signal: AbortSignal.timeout(20_000) });
  const answer = await ask(REFRESH, { input: { refreshToken } }, inTime).catch((error) => {
    if (SIGNED_OUT.includes(error.code)) return { refresh: {} };
    throw error;
  });
  if (stored().accessToken !== expired) return; // The user signed in or out during the refresh.
  store(answer.refresh.user?.id === user?.id ? answer.refresh : {}); // The cookie may belong to another user by now.
}

const refreshing = new Map(); // Requests that fail at once share one refresh.

/** Sends a request with the access token of the current user. Refreshes the token if it has expired. */
export async function fetchSignedIn(init = {}) {
  const { accessToken, user } = stored();
  const response = await send(init, accessToken);
  const answer = await response
    .clone()
    .json()
    .catch(() => null);
  const code = answer?.errors?.[0]?.extensions?.code;
  if (!accessToken || !['invalid-jwt', 'unauthenticated'].includes(code)) return response;
  if (!refreshing.has(accessToken))
    refreshing.set(
      accessToken,
      refresh(accessToken).finally(() => refreshing.delete(accessToken)),
    );
  await refreshing.get(accessToken);
  const now = stored();
  const again = code === 'invalid-jwt' && now.accessToken && now.user?.id === user?.id;
  return again ? send(init, now.accessToken) : response;
}

export const signup = async (input = {}) => store((await ask(SIGNUP, { input })).signup);
export const login = async (input = {}) => store((await ask(LOGIN, { input })).login);
export const query = (document = '', variables = {}) => ask(document, variables, fetchSignedIn);
export async function logout() {
  const tokens = stored();
  store();
  if (!tokens.accessToken) return;
  await ask(LOGOUT, { input: { refreshToken: tokens.refreshToken } }).catch((error) => {
    if (!stored().accessToken && !SIGNED_OUT.includes(error.code)) store(tokens); // Still signed in: try again.
    throw error;
  });
}
