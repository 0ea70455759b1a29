import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const ACCOUNT = `AC${'1'.repeat(32)}`;
export const AUTH_TOKEN = '2'.repeat(32);

type Asked = { path: string; headers: IncomingHttpHeaders; fields: Record<string, string> };

export type TwilioServer = {
  url: string;
  asked: Asked[];
  close(): Promise<void>;
};

type Answer = (response: ServerResponse, asked: Asked, count: number) => void;

/** Answers with JSON, as Twilio does. */
export const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

export const accept: Answer = (response) =>
  json(response, 201, { sid: `SM${'3'.repeat(32)}`, status: 'queued', error_code: null });

/** Plays Twilio's API on loopback. It accepts every message unless told otherwise. */
export async function startTwilio(answer: Answer = accept): Promise<TwilioServer> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const fields = Object.fromEntries(new URLSearchParams(body));
    asked.push({ path: request.url ?? '', headers: request.headers, fields });
    answer(response, asked.at(-1) as Asked, asked.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The variables of a gateway that sends by this Twilio. */
export const twilioEnv = ({ url }: Pick<TwilioServer, 'url'>): Record<string, string> => ({
  SMS_PROVIDER: 'twilio',
  TWILIO_URL: url,
  ALLOW_PRIVATE_ADDRESSES: 'loopback',
  TWILIO_ACCOUNT_SID: ACCOUNT,
  TWILIO_AUTH_TOKEN: AUTH_TOKEN,
  TWILIO_FROM: '+15005550006',
});
