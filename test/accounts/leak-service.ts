import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type LeakService = {
  url: string;
  /** The paths that were asked, with the header that asks for padding. */
  asked: string[];
  /** How the service answers from now on; null: as it should. */
  answer: ((response: ServerResponse) => void) | null;
  close(): Promise<void>;
};

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex').toUpperCase();

/** A service with the API of Have I Been Pwned, on loopback, which knows these passwords. */
export async function startLeakService(leaked: readonly string[]): Promise<LeakService> {
  const hashes = leaked.map(sha1);
  const server = createServer((request, response) => {
    service.asked.push(`${request.url} ${request.headers['add-padding']}`);
    if (service.answer !== null) return service.answer(response);
    const prefix = request.url?.split('/').at(-1) ?? '';
    const lines = hashes.filter((hash) => hash.startsWith(prefix)).map((hash) => `${hash.slice(5)}:42`);
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end([...lines, `${sha1('padding').slice(5)}:0`].join('\r\n'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const service: LeakService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`,
    asked: [],
    answer: null,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return service;
}
