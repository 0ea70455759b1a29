import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** Postgres errors of these classes quote input values in their messages (data exceptions, constraint violations). */
const QUOTES_INPUT = /^(22|23)/;

type LoggedError = {
  type: string;
  message: string;
  code?: string;
  constraint?: string;
  stack?: string;
  cause?: LoggedError;
};

/** The maximum length of a logged message: it may hold what a client sent. */
const MAX_MESSAGE_LENGTH = 2000;
const cut = (message: string): string => message.slice(0, MAX_MESSAGE_LENGTH);

/**
 * Describes an error for the log. Drizzle puts the query's parameters into its message, and Postgres quotes values in
 * `detail` and in some messages. Neither is logged.
 */
export function describeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'A value that is not an Error was thrown.' };
  const { code, constraint_name: constraint } = error as { code?: unknown; constraint_name?: unknown };
  const fromQuery = 'query' in error && 'params' in error;
  const quotesInput = typeof code === 'string' && QUOTES_INPUT.test(code);
  const message = fromQuery
    ? 'A query failed.'
    : quotesInput
      ? 'Postgres refused a value.'
      : cut(error.message);
  const frames = error.stack
    ?.split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, 8)
    .join('\n');
  return {
    type: error.name,
    message,
    ...(typeof code === 'string' && { code }),
    ...(typeof constraint === 'string' && { constraint }),
    ...(frames !== undefined && frames !== '' && { stack: frames }),
    ...(error.cause !== undefined && depth < 4 && { cause: describeError(error.cause, depth + 1) }),
  };
}

const SECRET_KEYS = [
  ...['password', 'newPassword', 'currentPassword', 'token', 'accessToken', 'refreshToken', 'teamToken'],
  ...['userToken', 'vaultToken', 'secret', 'authorization', 'cookie', 'x-hasura-gateway-secret'],
  ...['privateJwk', 'jwe', 'request_query', 'email', 'input', 'variables', 'body'],
];

/**
 * Creates a log that writes JSON lines to standard output. A value under the name of a secret is replaced by `[redacted]`.
 */
export function createLog(level: string, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      redact: {
        paths: SECRET_KEYS.flatMap((key) => {
          const path = key.includes('-') ? `["${key}"]` : key;
          return key.includes('-') ? [path, `*${path}`] : [path, `*.${path}`, `*.*.${path}`];
        }),
        censor: '[redacted]',
      },
    },
    ...(destination === undefined ? [] : [destination]),
  );
}
