import type { IncomingMessage, ServerResponse } from 'node:http';
import { AuthError } from '../errors.ts';
import { whenOver } from './over.ts';

/** Admits a request, or answers it with `busy` and returns false. */
export type Admission = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Bounds the requests in the works, and with them memory and the queries that wait for a connection. */
export function createAdmission(maxConcurrentRequests: number): Admission {
  let inFlight = 0;
  return (request, response) => {
    if (inFlight >= maxConcurrentRequests) {
      refuse(response);
      return false;
    }
    inFlight += 1;
    whenOver(request, response, () => {
      inFlight -= 1;
    });
    return true;
  };
}

/** Nobody has read yet which dialect the caller speaks, so this answers in both. */
function refuse(response: ServerResponse): void {
  const { message, code, attribute, status } = new AuthError('busy');
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '1', connection: 'close' });
  const errors = [{ message, extensions: { code, attribute } }];
  response.end(JSON.stringify({ code, detail: message, attribute, errors }));
}
