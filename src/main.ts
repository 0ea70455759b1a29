import { type App, createApp } from './app.ts';
import type { Config } from './config/config.ts';
import { dialectsOff } from './config/groups/gotrue.ts';
import { ConfigError, EXIT_CONFIG, readConfig } from './config/read-config.ts';
import { completeConfig, type Development } from './development.ts';
import { createLog, type Log } from './log.ts';
import { mailInboxPath } from './pages/mail-inbox.ts';
import { version } from './version.ts';

/** Milliseconds for closing the database and the embedded server, after the last request. */
const STOPPING_SLACK_MS = 15_000;

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
}

/** Prints for a person at a terminal what to open. Programs read the JSON lines. */
function printAddresses({ url, deps }: App, { internalSecretFile, embeddedPostgres }: Development): void {
  const { graphiql } = deps.config.graphql;
  const lines = [
    `Portcullis ${version} is ready.`,
    graphiql ? `  GraphiQL         ${url}/graphql` : `  GraphQL          ${url}/graphql`,
    `  JWKS             ${url}/.well-known/jwks.json`,
    ...(deps.mailInbox === null ? [] : [`  Mail inbox       ${url}${mailInboxPath(deps.mailInbox)}`]),
    ...(embeddedPostgres !== null ? [`  Data             ${deps.config.dataDir} (embedded Postgres)`] : []),
    ...(internalSecretFile === null ? [] : [`  Internal secret  ${internalSecretFile}`]),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Calls back when the process that started this one has ended. */
function onOrphaned(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, 500);
  timer.unref();
}

async function start(config: Config, log: Log): Promise<void> {
  let development: Development | undefined;
  let app: App | undefined;
  let stopping: Promise<void> | undefined;

  // Ends the process in any case: a lock or a database that does not answer must not block it for ever.
  const exitInTime = () =>
    setTimeout(() => process.exit(1), config.http.shutdownTimeoutMs + STOPPING_SLACK_MS).unref();
  const stop = (exitCode: number): Promise<void> => {
    stopping ??= (async () => {
      exitInTime();
      await app?.close();
      await development?.embeddedPostgres?.stop();
      process.exit(exitCode);
    })();
    return stopping;
  };
  let interrupted = 0;
  const starting = new AbortController();
  const interrupt = (reason: string) => {
    const now = performance.now();
    if (interrupted === 0) {
      log.info({ reason }, 'Stopping.');
      interrupted = now;
      exitInTime();
      starting.abort();
      development?.embeddedPostgres?.letEnd();
      if (app !== undefined) void stop(0);
      return;
    }
    // A second signal during the start ends the process, since nothing is lost. npm forwards a copy of Ctrl-C at once, which
    // does not count.
    if (app === undefined && now - interrupted > 500) process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);

  // npm passes SIGTERM to the shell that started this process. The shell ends and does not pass the signal on.
  if (process.env.npm_lifecycle_event !== undefined) onOrphaned(() => interrupt('npm is gone'));

  try {
    development = await completeConfig(config, log);
    void development.embeddedPostgres?.lost.then((err) => {
      log.fatal({ err }, 'The gateway has no database any more.');
      return stop(1);
    });
    app = await createApp(development.config, log, starting.signal);
  } catch (error) {
    if (starting.signal.aborted) return stop(0);
    const problem = error instanceof ConfigError ? { problem: error.message } : { err: error };
    log.fatal(problem, 'The gateway could not start.');
    return stop(error instanceof ConfigError ? EXIT_CONFIG : 1);
  }
  if (interrupted > 0) return stop(0);
  const off = dialectsOff(config);
  if (off.length > 0) log.info({ off }, 'Dialects are switched off (DIALECTS).');
  log.info({ url: app.url, version }, 'Listening.');
  if (!config.production) printAddresses(app, development);
}

const config = readConfigOrExit();
const log = createLog(config.logLevel);
process.on('unhandledRejection', (error) => {
  log.fatal({ err: error }, 'A rejection was not handled.');
  process.exit(1);
});
await start(config, log);
