/** How to reach an engine: its base URL and its admin secret. Without the secret, the engine returns only public data. */
export type EngineAccess = { endpoint: string; adminSecret: string | null };

/** Why a request to an engine failed. The message may be shown to an operator. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

export type Answer = { status: number; text: string };

/** What one request may take: milliseconds until its answer, and bytes of the answer. */
export type Bounds = { timeoutMs: number; maxBytes: number };

/**
 * In a reload, the engine introspects the gateway and the database before it answers. Inconsistent objects come with their
 * definitions; a server that sends more is not an engine.
 */
const usual: Bounds = { timeoutMs: 60_000, maxBytes: 16 * 1024 * 1024 };

/** The maximum length of an engine's text that is shown. */
const MAX_TEXT_LENGTH = 200;

/** Shortens a text of the engine, and takes the login out of an address or a connection string in it. */
export const shown = (text: string): string =>
  text
    .replaceAll(/\/\/[^/@\s]*@/g, '//…@')
    .replaceAll(/\b(password|pwd)=[^;&\s]+/gi, '$1=…')
    .slice(0, MAX_TEXT_LENGTH);

/**
 * Returns the origin of the engine's URL.
 * @throws EngineError if it is not the address of an engine. The message does not quote it, since it may hold a password.
 */
function originOf({ endpoint }: EngineAccess): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  const isPlain = url !== null && `${url.username}${url.password}` === '' && !/[?#]/.test(endpoint);
  if (
    !isPlain ||
    !/^https?:$/.test(url.protocol) ||
    /\/v\d\w*(?:\/(?:graphql|metadata|query|relay|config|version))?\/*$/.test(url.pathname)
  )
    throw new EngineError(
      'HASURA_GRAPHQL_ENDPOINT must be a base URL like http://localhost:8080, without /v1/graphql.',
    );
  return url.origin;
}

/** Calls the engine. It does not follow a redirect, which would send the admin secret to another server. */
export async function callEngine(
  engine: EngineAccess,
  path: string,
  init: RequestInit = {},
  { timeoutMs, maxBytes }: Bounds = usual,
): Promise<Answer> {
  const origin = originOf(engine);
  const options = { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) } as const;
  const base = engine.endpoint.replace(/\/+$/, '');
  const answer = await fetch(`${base}${path}`, options)
    .then(async (response) => ({ response, text: await readText(response, maxBytes) }))
    .catch((cause: unknown) => {
      throw new EngineError(`The engine does not answer at ${origin}.${hintOn(cause)}`, { cause });
    });
  const { response, text } = answer;
  if (response.status < 300 || response.status > 399) return { status: response.status, text };
  const location = response.headers.get('location') ?? '';
  const leadsTo = URL.canParse(location, base) ? new URL(location, base).origin : 'another address';
  throw new EngineError(
    `${origin} redirects to ${leadsTo}: set HASURA_GRAPHQL_ENDPOINT to the address of the engine.`,
  );
}

/** Says what an operator can do, where the reason tells it. */
function hintOn(cause: unknown): string {
  if (cause instanceof AnswerTooLarge) return ' Its answer is too large.';
  if (!(cause instanceof Error)) return '';
  if (cause.name === 'TimeoutError') return ' It did not answer in time.';
  const code = String((cause.cause as NodeJS.ErrnoException | undefined)?.code ?? '');
  return /CERT|SIGNATURE|SSL|TLS/.test(code)
    ? ` Its certificate is refused (${code}): NODE_EXTRA_CA_CERTS can name a file with your own authority.`
    : '';
}

class AnswerTooLarge extends Error {}

async function readText({ body }: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new AnswerTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export const noEngine = (status: number) =>
  new EngineError(`The server that answers with status ${status} is not a graphql-engine.`);

/** Makes the headers of an admin's request. @throws EngineError if the secret is missing, or does not fit into a header */
export function adminHeaders({ adminSecret }: EngineAccess): Record<string, string> {
  if (adminSecret === null) throw new EngineError('Set HASURA_GRAPHQL_ADMIN_SECRET to see why.');
  if (!/^[\x20-\x7e]+$/.test(adminSecret))
    throw new EngineError('HASURA_GRAPHQL_ADMIN_SECRET has characters that are not allowed in a header.');
  return { 'x-hasura-admin-secret': adminSecret };
}
