import { type CheckContext, entriesWithin } from './context.ts';
import { type Finding, finding } from './rules.ts';
import type { Header } from './shape.ts';

const TEMPLATE = /\{\{\s*(\w+)\s*\}\}/g;
const BASE = /^\{\{\s*\w+\s*\}\}/;
const FROM_ENVIRONMENT = new Set(['from_env', 'url_from_env', 'value_from_env']);
const MAX_TIMEOUT_SECONDS = 60;

type Call = {
  at: string;
  headers: readonly Header[];
  timeout: number | undefined;
  address: string | undefined;
  /** The required path after the base URL; null if a variable holds the whole address. */
  path: string | null;
};

function callsToGateway({ metadata }: CheckContext): Call[] {
  return [
    ...metadata.remote_schemas.map(({ name, definition }) => ({
      at: `remote schema ${name}`,
      headers: definition.headers,
      timeout: definition.timeout_seconds,
      address: definition.url,
      path: null,
    })),
    ...metadata.actions.actions.map(({ name, definition }) => ({
      at: `action ${name}`,
      headers: definition.headers,
      timeout: definition.timeout,
      address: definition.handler,
      path: `/hasura/actions/${name}`,
    })),
    ...metadata.cron_triggers.map(({ name, webhook, headers, retry_conf }) => ({
      at: `cron trigger ${name}`,
      headers,
      timeout: retry_conf?.timeout_seconds,
      address: webhook,
      path: `/hasura/cron/${name.replaceAll('_', '-')}`,
    })),
  ];
}

/** Checks how the engine calls the gateway: by known variables, with the secret and with a timeout. */
export function* checkGateway(context: CheckContext): Generator<Finding> {
  yield* checkVariables(context);
  yield* checkDatabaseUrl(context);
  yield* checkClientHeaders(context);
  for (const call of callsToGateway(context)) {
    yield* checkSecret(context, call);
    yield* checkAddress(call);
    const { timeout } = call;
    if (timeout !== undefined && timeout >= 1 && timeout <= MAX_TIMEOUT_SECONDS) continue;
    yield finding('timeout', call.at, `It needs a timeout of 1 to ${MAX_TIMEOUT_SECONDS} seconds.`);
  }
}

function* checkVariables({ metadata, declaration }: CheckContext): Generator<Finding> {
  for (const { key, value, path } of entriesWithin(metadata)) {
    if (typeof value !== 'string') continue;
    const templated = [...value.matchAll(TEMPLATE)].map(([, name]) => name ?? '');
    const names = FROM_ENVIRONMENT.has(key) ? [value] : templated;
    for (const name of names) {
      if (declaration.environment.includes(name)) continue;
      yield finding('environment-known', path, `The engine's environment has no ${name}.`);
    }
  }
}

function* checkDatabaseUrl({ metadata }: CheckContext): Generator<Finding> {
  for (const { name, configuration } of metadata.databases) {
    if (typeof configuration.connection_info.database_url !== 'string') continue;
    yield finding(
      'environment-only',
      `source ${name}`,
      'A database URL holds a password: take it from a variable.',
    );
  }
}

function* checkClientHeaders({ metadata }: CheckContext): Generator<Finding> {
  for (const { name, definition } of metadata.remote_schemas) {
    if (definition.forward_client_headers === true) continue;
    yield finding(
      'client-headers',
      `remote schema ${name}`,
      'The gateway needs the client headers for its limits.',
    );
  }
  for (const { name, definition } of metadata.actions.actions) {
    if (definition.forward_client_headers === false) continue;
    yield finding(
      'client-headers',
      `action ${name}`,
      'An action does not need headers of the client: do not forward them.',
    );
  }
}

function* checkSecret({ declaration: { gateway } }: CheckContext, { at, headers }: Call): Generator<Finding> {
  for (const { name, value_from_env, value } of headers) {
    if (!/^x-hasura-/i.test(name)) {
      yield finding(
        'secret-header',
        at,
        `A client could replace the header ${name}: it must start with x-hasura-.`,
      );
    }
    if (value !== undefined || value_from_env === undefined) {
      yield finding('environment-only', at, `The header ${name} must take its value from a variable.`);
    }
  }
  const secrets = headers.filter(({ name }) => name.toLowerCase() === gateway.secretHeader);
  if (secrets.length === 1) return;
  yield finding('secret-header', at, `It must send ${gateway.secretHeader} once.`);
}

function* checkAddress({ at, address, path }: Call): Generator<Finding> {
  if (address === undefined) return;
  if (!address.startsWith('{{')) {
    yield finding('environment-only', at, 'The address must come from a variable.');
  } else if (path !== null && address.replace(BASE, '') !== path) {
    yield finding(
      'handler-address',
      at,
      `${address} is not the route of that name. Hasura would follow a redirect.`,
    );
  }
}
