import { type Database, type DatabaseOptions, openDatabase } from './client.ts';

export type Pools = {
  db: Database;
  /** A separate connection for statements that must not wait behind others, for example the JWKS. */
  priorityDb: Database;
  /** Estimates how many milliseconds a new statement of `db` would wait for a connection. */
  queueDelayMs(): number;
  close(): Promise<void>;
};

/** Opens the gateway's connections. One of them is for statements that must not wait. At least two others remain. */
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
