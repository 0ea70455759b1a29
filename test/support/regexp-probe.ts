import { IncomingMessage, Server } from 'node:http';
import { PROBED_LENGTH, type ProbeLine } from './probe-lines.ts';

// Runs in a gateway's process, and writes JSON lines to standard error. Some lines name a regular expression that ran on a
// long text, and its place. The others name a header that was read.

/** How often the probe looks for the place of each expression. */
const MAX_LOOKS = 300;

const say = (line: ProbeLine): void => void process.stderr.write(`${JSON.stringify(line)}\n`);

const looks = new Map<string, number>();
const told = new Set<string>();
let isTelling = false;

/** The first frames of the callers, without this file and built-in code. */
function place(): string {
  const frames = (new Error().stack ?? '').split('\n').slice(1);
  const called = frames.filter((frame) => !frame.includes('regexp-probe') && frame.includes('/'));
  return called
    .slice(0, 2)
    .map((frame) => frame.trim())
    .join(' ');
}

function note(expression: RegExp, text: unknown): void {
  if (isTelling || typeof text !== 'string' || text.length <= PROBED_LENGTH) return;
  const regexp = `/${expression.source}/${expression.flags}`;
  const times = looks.get(regexp) ?? 0;
  if (times >= MAX_LOOKS) return;
  looks.set(regexp, times + 1);
  isTelling = true;
  const at = place();
  if (!told.has(regexp + at)) say({ regexp, length: text.length, at });
  told.add(regexp + at);
  isTelling = false;
}

type Run = (this: RegExp, text: unknown, ...rest: unknown[]) => unknown;
const prototype = RegExp.prototype as unknown as Record<string | symbol, Run>;
for (const name of [
  ...['exec', 'test'],
  ...[Symbol.replace, Symbol.match, Symbol.matchAll, Symbol.split, Symbol.search],
]) {
  const run = prototype[name] as Run;
  Object.defineProperty(RegExp.prototype, name, {
    configurable: true,
    writable: true,
    value(this: RegExp, text: unknown, ...rest: unknown[]) {
      note(this, text);
      return run.call(this, text, ...rest);
    },
  });
}

const headersRead = new Set<string>();

function readHeader(target: object, name: string | symbol, receiver: unknown): unknown {
  if (typeof name === 'string' && !headersRead.has(name)) {
    headersRead.add(name);
    say({ header: name });
  }
  return Reflect.get(target, name, receiver);
}

const emit = Server.prototype.emit as (event: string, ...args: unknown[]) => boolean;
Server.prototype.emit = function (this: Server, event: string, ...args: unknown[]) {
  const [request] = args;
  if (request instanceof IncomingMessage)
    Object.defineProperty(request, 'headers', { value: new Proxy(request.headers, { get: readHeader }) });
  return emit.call(this, event, ...args);
} as typeof Server.prototype.emit;
