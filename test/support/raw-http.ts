import { connect } from 'node:net';

export type RawAnswer = { status: number; head: string; body: string };

/** Sends the bytes of a request as they are (Latin-1), and reads until the gateway closes the connection. */
export function sendRaw(url: string, request: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {}); // the answer is what was read until then
    socket.on('close', () => resolve(parse(Buffer.concat(chunks))));
    socket.write(typeof request === 'string' ? Buffer.from(request, 'latin1') : request);
  });
}

function parse(answer: Buffer): RawAnswer {
  const text = answer.toString('utf8');
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end);
  return { status: Number(head.split(' ', 2)[1]), head: head.toLowerCase(), body: text.slice(end + 4) };
}

type Message = {
  method?: string;
  target: string;
  version?: '1.0' | '1.1';
  /** Header lines beside `Connection: close` and those of the body. */
  headers?: readonly string[];
  body?: string;
  contentType?: string;
};

/** The text of a request that asks for the connection to be closed. */
export function rawRequest(message: Message): string {
  const { method = 'GET', target, version = '1.1', headers = [], body } = message;
  const ofBody =
    body === undefined
      ? []
      : [
          `content-type: ${message.contentType ?? 'application/json'}`,
          `content-length: ${Buffer.byteLength(body, 'latin1')}`,
        ];
  const head = [`${method} ${target} HTTP/${version}`, 'connection: close', ...headers, ...ofBody];
  return `${head.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** The code, message and attribute of an error in any dialect. */
export function errorOf({ body }: Pick<RawAnswer, 'body'>) {
  const answer = JSON.parse(body) as {
    code?: string;
    detail?: string;
    message?: string;
    attribute?: string;
    errors?: { message: string; extensions: { code: string; attribute: string } }[];
  };
  const graphql = answer.errors?.[0];
  return {
    code: graphql?.extensions.code ?? answer.code,
    message: graphql?.message ?? answer.detail ?? answer.message,
    attribute: graphql?.extensions.attribute ?? answer.attribute,
  };
}
