import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';

/** What is read of an answer at most. Only its status counts. */
const MAX_ANSWER_BYTES = 64 * 1024;

type Post = {
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string;
  lookup: LookupFunction;
  /** Ends the request, for example after a timeout. */
  signal: AbortSignal;
};

const lost = (): Error =>
  Object.assign(new Error('The connection ended before the answer.'), { code: 'ECONNRESET' });

/**
 * Sends one POST on a connection of its own, and returns the status of the answer. It follows no redirect and uses no proxy: a
 * redirect or a proxy would lead to an address that was not checked.
 * @throws Error if the connection fails or ends before an answer, or the signal ends the request
 */
export function postOnce({ url, headers, body, lookup, signal }: Post): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    // `agent: false` opens a connection for this request only. The global agent may use a proxy.
    const request = send(url, { method: 'POST', headers, lookup, signal, agent: false }, (response) => {
      let size = 0;
      const settle = () => resolve(response.statusCode ?? 0);
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= MAX_ANSWER_BYTES) return;
        settle();
        request.destroy();
      });
      response.on('end', settle);
      response.on('error', reject);
    });
    // An upgrade takes the connection away from the request, which would neither answer nor fail.
    request.on('upgrade', ({ statusCode = 0 }, socket) => {
      resolve(statusCode);
      socket.destroy();
    });
    request.on('error', reject);
    // A request that is over without an answer and without an error must not keep its job.
    request.on('close', () => reject(lost()));
    request.end(body);
  });
}
