import { setTimeout } from 'node:timers/promises';
import { isCausedBy } from '../db/errors.ts';
import { createHeartbeat, ping } from '../db/heartbeat.ts';
import { spellGatewayError } from '../dialects/errors.ts';
import { health } from '../dialects/health.ts';
import { createRoutes, type Routes, serve } from '../dialects/routes.ts';
import { shareReadings } from '../dialects/shared-readings.ts';
import { AuthError } from '../errors.ts';
import { isMigrated } from '../migrations/migrate.ts';
import type { GatewayDeps } from '../request/deps.ts';

type Check = { name: string; ok: boolean; reason?: string };

const paths = { health: '/health', ready: '/ready' } as const;

/** Like the vital endpoints of dialects: a gateway under load is alive. */
export const vitalHealthPaths: readonly string[] = Object.values(paths);

/** A database that never answers must not keep the client waiting. */
const DEADLINE_MS = 5000;

/** Reasons by SQLSTATE, or by its beginning. The first match counts. */
const REASONS: readonly (readonly [state: string, reason: string])[] = [
  ['25006', 'The database is read-only.'],
  ['53100', 'The database has no disk space left.'],
  ['53300', 'The database has no connection left.'],
  ['53', 'The database has not enough resources.'],
  ['58', 'The database reports an error of its disk or system.'],
];

function reasonOf(error: unknown): string {
  if (error instanceof AuthError) return error.message;
  const found = REASONS.find(([state]) => isCausedBy(error, ({ code }) => String(code).startsWith(state)));
  return found?.[1] ?? 'The database cannot be reached.';
}
/**
 * If statements wait longer than this, `/ready` checks through its own connection: load alone must not make the gateway
 * unready, and an orchestrator gives up after a second. Until then it checks through the connections that requests use.
 */
const CROWDED_MS = 500;

async function check(name: string, run: () => Promise<string | null>): Promise<Check> {
  const deadline = setTimeout(DEADLINE_MS, 'The database does not answer.', { ref: false });
  try {
    const reason = await Promise.race([run(), deadline]);
    return reason === null ? { name, ok: true } : { name, ok: false, reason };
  } catch (error) {
    return { name, ok: false, reason: reasonOf(error) };
  }
}

/**
 * Creates `/health` and `/ready`. `/health` says that the process lives, in GoTrue's shape. `/ready` says whether it can
 * work, or why not.
 */
export function healthRoutes(deps: GatewayDeps, isClosing: () => boolean): Routes {
  const routes = createRoutes(deps, spellGatewayError);
  serve(routes, paths.health, { GET: (c) => c.json(health) });
  const beat = createHeartbeat(deps.db);
  const readChecks = shareReadings(() => {
    const { db, signer } = deps.waiting.queueDelayMs() > CROWDED_MS ? deps.priority : deps;
    return Promise.all([
      check('database', async () => {
        await ping(db);
        await beat(db);
        return null;
      }),
      check('migrations', async () => ((await isMigrated(db)) ? null : 'Migrations are missing.')),
      check('signing_key', async () => {
        await signer.currentKey(0);
        return null;
      }),
    ]);
  });
  serve(routes, paths.ready, {
    async GET(c) {
      const checks = [...(await readChecks())];
      if (isClosing()) checks.push({ name: 'shutdown', ok: false, reason: 'The gateway is shutting down.' });
      const ready = checks.every(({ ok }) => ok);
      return c.json({ ready, checks }, ready ? 200 : 503);
    },
  });
  return routes;
}
