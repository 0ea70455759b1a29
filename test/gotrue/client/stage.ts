import { GoTrueClient, processLock, type SupportedStorage } from '@supabase/auth-js';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { startSmtp, type TestSmtp } from '../../mail/smtp.ts';
import { type GatewayOptions, startGateway, type TestGateway } from '../../support/gateway.ts';
import { adminToken, JWT_SECRET } from '../administrators.ts';

export const SITE = 'https://app.example.com';

/** The settings of most tests: mails confirm addresses, and limits are off. */
const SETTINGS = {
  DIALECTS: 'portal,teams,gotrue',
  APP_URL: SITE,
  REDIRECT_URLS: `${SITE}/**`,
  GOTRUE_JWT_SECRET: JWT_SECRET,
  RATE_LIMITS: 'off',
  MAIL_CONCURRENCY: '1',
};

export type ClientOptions = {
  storage?: SupportedStorage;
  flowType?: 'pkce' | 'implicit';
  /** The key that the client sends: a service token, or an arbitrary text. */
  key?: string;
};

export type Stage = {
  gateway: TestGateway;
  smtp: TestSmtp;
  /** The stock client as a frontend makes it: `createClient('https://host/gotrue', key)`. */
  client(options?: ClientOptions): SupabaseClient;
  /** The stock client of a server, with a service token. */
  admin(): Promise<SupabaseClient>;
  /** Every request that clients have sent: `POST /token?grant_type=password`. */
  requests: string[];
  close(): Promise<void>;
};

/** A gateway, a mail server, and stock clients that talk to it. */
export async function openStage({ env = {} }: GatewayOptions = {}): Promise<Stage> {
  const smtp = await startSmtp();
  const gateway = await startGateway({ env: { ...SETTINGS, SMTP_URL: smtp.url, ...env } });
  const requests: string[] = [];
  const recordingFetch: typeof fetch = (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    requests.push(`${init?.method ?? 'GET'} ${pathname.replace('/gotrue/auth/v1', '')}${search}`);
    return fetch(input, init);
  };
  const client = ({ storage = memory(), flowType = 'implicit', key = 'anon' }: ClientOptions = {}) =>
    createClient(`${gateway.url}/gotrue`, key, {
      auth: {
        ...{ storage, flowType, autoRefreshToken: false, persistSession: true, detectSessionInUrl: false },
        // What navigator.locks is for the tabs of a browser.
        lock: processLock,
      },
      global: { fetch: recordingFetch },
      realtime: { transport: WithoutRealtime },
    });
  return {
    gateway,
    smtp,
    requests,
    client,
    admin: async () => client({ key: await adminToken() }),
    async close() {
      await gateway.close();
      await smtp.stop();
    },
  };
}

/** A browser's localStorage, for one tab or several. */
export function memory(): SupportedStorage & { items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/** Node 20 has no WebSocket, without which supabase-js does not start. The gateway has no Realtime to connect to. */
class WithoutRealtime extends EventTarget {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly readyState = 3;
  readonly protocol = '';
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  readonly url: string;
  constructor(url: string | URL) {
    super();
    this.url = String(url);
  }
  close(): void {}
  send(): void {}
}

/** The auth client alone, as the stock client's own tests make it. */
export const authClient = ({ gateway }: Stage, options: ClientOptions = {}): GoTrueClient =>
  new GoTrueClient({
    url: `${gateway.url}/gotrue`,
    headers: { apikey: options.key ?? 'anon' },
    storage: options.storage ?? memory(),
    flowType: options.flowType ?? 'implicit',
    autoRefreshToken: false,
    persistSession: true,
  });
