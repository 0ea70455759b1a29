import { type Database, type DatabaseOptions, openDatabase } from './client.ts';

export type Pools = {
  db: Database;
  /** A connection of its own for what must not wait behind other statements, such as the JWKS. */
  priorityDb: Database;
  /** Milliseconds that a statement of `db` which comes now would wait for a connection, as far as can be told. */
  queueDelayMs(): number;
  close(): Promise<void>;
};

/** Opens the gateway's connections: of so many, one is for what must not wait. At least two others remain. */
export function openPools(options: DatabaseOptions): Pools {
  const poolSize = Math.max(2, options.poolSize - 1);
  const pool = openDatabase({ ...options, poolSize });
  const priority = openDatabase({ ...options, poolSize: 1, applicationName: 'portcullis-priority' });
  return {
    db: pool.db,
    priorityDb: priority.db,
    queueDelayMs: pool.queueDelayMs,
    async close() {
      await Promise.all([pool.close(), priority.close()]);
    },
  };
}
