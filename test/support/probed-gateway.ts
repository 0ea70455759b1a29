import { setTimeout as sleep } from 'node:timers/promises';
import { type GatewayProcess, startProcess } from '../boot/process.ts';
import type { ProbeLine } from './probe-lines.ts';

/** An expression that may run on long texts, since its time grows with the length alone. */
export type Excuse = {
  /** Every expression of the place, unless given. */
  regexp?: string;
  at: string;
  because: string;
};

/** A gateway whose process tells which regular expressions ran on long texts, and which headers were read. */
export type ProbedGateway = {
  url: string;
  output(): string;
  /** What has run since the last look and has no excuse. */
  findings(): Promise<string[]>;
  excused: ReadonlySet<Excuse>;
  headersRead: ReadonlySet<string>;
  /** Asks for a sign of life until the end; the outcome of every question. */
  signsOfLife(): Promise<PromiseSettledResult<number>[]>;
  end(): Promise<unknown>;
};

const COMMAND = ['node', '--import', 'tsx', '--import', './test/support/regexp-probe.ts', 'src/main.ts'];

export async function startProbedGateway(
  env: Record<string, string>,
  excuses: readonly Excuse[],
): Promise<ProbedGateway> {
  const gateway = await startProcess(env, { command: COMMAND });
  await sleep(200); // what the start says is not looked at
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
      await sleep(30); // for the last of the output
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

/** What hangs on as much text as the tests send takes minutes. */
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
