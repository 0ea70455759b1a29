import { type RunnableConfig, wire } from '../../app.ts';
import { readConfig } from '../../config/read-config.ts';
import type { Database } from '../../db/client.ts';
import { inspectDatabases } from '../../db/inspection.ts';
import { openPools } from '../../db/pools.ts';
import { completeConfig } from '../../development.ts';
import { findRunningPostgres } from '../../embedded-postgres/running.ts';
import type { Deps } from '../../flows/shared/deps.ts';
import { createLog } from '../../log.ts';
import { applyMigrations, isMigrated } from '../../migrations/migrate.ts';

export type CommandContext = Readonly<{
  deps: Deps;
  /** A pool of one connection: its temporary tables last as long as the command. */
  single: Database;
  close(): Promise<void>;
}>;

export type OpenOptions = Readonly<{
  /** `false` applies no migrations. */
  migrate?: boolean;
}>;

/** Opens the database for a subcommand. It is closed when the subcommand has ended. */
export type OpenContext = (options?: OpenOptions) => Promise<CommandContext>;

/** Log lines go to the standard error, since the standard output holds the report. */
const log = createLog('warn', { write: (line: string) => void process.stderr.write(line) });

/**
 * Opens the gateway's database with the gateway's own variables. Without DATABASE_URL this is the embedded database of `npm
 * start`: the command joins the server of a running gateway, or starts the server and stops it again. It applies missing
 * migrations as the gateway does at its start, so that it works on an empty database.
 *
 * @throws ConfigError; Error if the database cannot be reached or lacks migrations
 */
export async function openContext(
  applicationName: string,
  { migrate = true }: OpenOptions = {},
): Promise<CommandContext> {
  const { config, stop } = await findDatabase();
  try {
    const { direct } = await inspectDatabases(config.database, log);
    const { url, ...access } = direct;
    if (migrate && config.database.migrateOnStart) await applyMigrations(url, { ...access, log });
    const { statementTimeoutMs } = config.database;
    const pools = openPools({
      ...direct,
      poolSize: 3,
      statementTimeoutMs,
      applicationName,
    });
    const close = () => pools.close().finally(stop);
    if (!(await isMigrated(pools.db))) {
      await pools.close();
      throw new Error('The database lacks migrations. Run npm run db:migrate first.');
    }
    return { deps: await wire(config, pools, log), single: pools.priorityDb, close };
  } catch (error) {
    await stop();
    throw error;
  }
}

type FoundDatabase = Readonly<{ config: RunnableConfig; stop(): Promise<void> }>;

async function findDatabase(): Promise<FoundDatabase> {
  const config = readConfig(process.env);
  const join = async (): Promise<FoundDatabase | null> => {
    const url = await findRunningPostgres(config.dataDir);
    if (url === null) return null;
    const joined = await completeConfig({ ...config, database: { ...config.database, url } }, log);
    return { config: joined.config, stop: async () => {} };
  };
  const running = config.database.url === null ? await join() : null;
  if (running !== null) return running;
  try {
    const { config: complete, embeddedPostgres } = await completeConfig(config, log);
    return { config: complete, stop: async () => embeddedPostgres?.stop() };
  } catch (error) {
    // A gateway may have started its server just now.
    const started = config.database.url === null ? await join() : null;
    if (started === null) throw error;
    return started;
  }
}
