import { z } from 'zod';
import { httpUrl, integer, text } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** Where the gateway runs. */
export const serverVariables = {
  NODE_ENV: variable({
    parser: z.enum(['production', 'development', 'test']),
    description: '`production` refuses every development default.',
  }),
  PORT: variable({ parser: integer(0, 65_535), default: '4000', description: 'Port to listen on.' }),
  HOST: variable({ parser: text(), default: '127.0.0.1', description: 'Address to listen on.' }),
  PUBLIC_URL: variable({
    parser: httpUrl().transform((url) => url.replace(/\/+$/, '')),
    description: 'URL at which clients reach the gateway. It is also the `iss` of tokens.',
    shownDefault: 'http://HOST:PORT',
    requiredInProduction: true,
  }),
  DATA_DIR: variable({
    parser: text(),
    default: '.data',
    description: 'Folder for the embedded Postgres and the development keys.',
  }),
};

/** Returns the host for a URL: localhost, if the gateway listens on all addresses. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** Returns the URL at which clients reach the gateway, without a trailing slash. */
export const publicUrlOf = (e: Environment): string => e.PUBLIC_URL ?? `http://${urlHost(e.HOST)}:${e.PORT}`;

export const isProduction = (e: Environment): boolean => e.NODE_ENV === 'production';

export const serverConfig = (e: Environment) => ({
  production: isProduction(e),
  port: e.PORT,
  host: e.HOST,
  /** Without a trailing slash. */
  publicUrl: publicUrlOf(e),
  dataDir: e.DATA_DIR,
});
