/**
 * Work-around, pg 8.23.1: it sends the server a few settings of a session alone, and reads others from the environment
 * (PGOPTIONS, PGAPPNAME, PGREPLICATION). Settings that are sent as `options` instead are refused by poolers.
 *
 * Upstream: brianc/node-postgres issue 983, “Add config option to set the timezone”; also 1095.
 * Here: a client sends our startup parameters in place of the driver's.
 * It can go when this test fails: “pg drops a setting of the caller and sends one from the environment”.
 */
import type { DatabaseTarget } from '../../config/database-url.ts';
import { type SessionOptions, sessionSettings } from '../session.ts';
import type { ClientClass } from './pg.ts';

/** A class of pg's clients that send these startup parameters. */
export function withStartupParameters(
  Client: ClientClass,
  target: DatabaseTarget,
  session: SessionOptions,
): ClientClass {
  // The driver adds the encoding itself.
  const { client_encoding: _, ...settings } = sessionSettings(target, session);
  const startup = { user: target.user, database: target.database, ...settings };
  return class extends Client {
    getStartupConf(): Record<string, string> {
      return startup;
    }
  };
}
