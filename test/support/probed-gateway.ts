import { setTimeout as sleep } from 'node:timers/promises';
import { type GatewayProcess, startProcess } from '../boot/process.ts';
import type { ProbeLine } from './probe-lines.ts';

/** An expression that may run on long texts, because its time is linear in their length. */
export type Excuse = {
  /** Every expression of the place, unless given. */
  regexp?: string;
  at: string;
  because: string;
};

/** A gateway whose process reports which regular expressions ran on long texts, and which headers were read. */
export type ProbedGateway = {
  url: string;
  output(): string;
  /** The expressions without an excuse that ran since the last call. */
  findings(): Promise<string[]>;
  excused: ReadonlySet<Excuse>;
  headersRead: ReadonlySet<string>;
  /** Stops asking for /health, and returns the outcome of every request so far. */
  signsOfLife(): Promise<PromiseSettledResult<number>[]>;
  end(): Promise<unknown>;
};

const COMMAND = ['node', '--import', 'tsx', '--import', './test/support/regexp-probe.ts', 'src/main.ts'];

export async function startProbedGateway(
  env: Record<string, string>,
  excuses: readonly Excuse[],
): Promise<ProbedGateway> {
  const gateway = await startProcess(env, { command: COMMAND });
  await sleep(200); // skips what the start prints
  const readLines = linesOf(gateway);
  readLines();
  const excused = new Set<Excuse>();
  const headersRead = new Set<string>();
  const life = watch(gateway.url);
  return {
    url: gateway.url,
    output: gateway.output,
    excused,
    headersRead,
    signsOfLife: life.stop,
    end: () => gateway.end('SIGTERM'),
    async findings() {
      await sleep(30); // waits for the end of the output
      const found: string[] = [];
      for (const line of readLines()) {
        if (line.regexp === undefined) {
          headersRead.add(line.header);
          continue;
        }
        const { regexp, at } = line;
        const excuse = excuses.find((known) => at.includes(known.at) && (known.regexp ?? regexp) === regexp);
        if (excuse === undefined) found.push(`${regexp} on ${line.length} characters ${at}`);
        else excused.add(excuse);
      }
      return found;
    },
  };
}

/** The probe's lines since the last call. */
function linesOf(gateway: GatewayProcess): () => ProbeLine[] {
  let seen = 0;
  return () => {
    const output = gateway.output();
    const end = output.lastIndexOf('\n');
    const lines = output.slice(seen, end).split('\n');
    seen = end;
    return lines
      .filter((line) => line.startsWith('{"regexp"') || line.startsWith('{"header"'))
      .map((line) => JSON.parse(line) as ProbeLine);
  };
}

/** An expression that hangs on the tests' texts takes minutes. */
const PATIENCE_MS = 20_000;

function watch(url: string): { stop(): Promise<PromiseSettledResult<number>[]> } {
  const signs: Promise<number>[] = [];
  let isOver = false;
  async function ask(): Promise<void> {
    while (!isOver) {
      const answer = fetch(`${url}/health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
      signs.push(answer.then(({ status }) => status));
      await Promise.allSettled([answer, sleep(50)]);
    }
  }
  const asking = ask();
  return {
    async stop() {
      isOver = true;
      await asking;
      return Promise.allSettled(signs);
    },
  };
}
