import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandRun, runUsersOn } from '../operators/command.ts';
import type { TestGateway } from '../support/gateway.ts';

/** A line of a file: an object, a raw text, or raw bytes. */
type Line = object | string | { $base64: string };

/** A file of an export, and what becomes of its rows. */
export type ExportFile = { name: string; lines?: Line[]; text?: string; base64?: string };

type ReportLine = { outcome: string; input: string; record: number; why: string };
type Summary = Record<string, number> & { reasons: Record<string, number> };
export type ImportRun = CommandRun & {
  rows: ReportLine[];
  ids: Record<string, string>;
  summary: Summary | null;
};

const bytesOf = (line: Line): Buffer => {
  if (typeof line === 'string') return Buffer.from(line);
  if ('$base64' in line) return Buffer.from(line.$base64, 'base64');
  return Buffer.from(JSON.stringify(line));
};

/** Writes the files of an export into a folder. Returns its path. */
export async function writeExport(files: readonly ExportFile[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-import-'));
  for (const { name, lines, text, base64 } of files) {
    const bytes =
      lines !== undefined
        ? Buffer.concat(lines.flatMap((line) => [bytesOf(line), Buffer.from('\n')]))
        : base64 !== undefined
          ? Buffer.from(base64, 'base64')
          : Buffer.from(text ?? '');
    await writeFile(join(folder, name), bytes);
  }
  return folder;
}

/** Runs `npm run users -- import` on a gateway's database, and reads its report. */
export async function runImport(gateway: TestGateway, args: readonly string[]): Promise<ImportRun> {
  const run = await runUsersOn(gateway, ['import', ...args, '--json']);
  const lines = run.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  return {
    ...run,
    rows: lines.filter(({ input }) => input !== undefined),
    ids: Object.fromEntries(
      lines.filter(({ outcome }) => outcome === 'id').map(({ formerId, id }) => [formerId, id]),
    ),
    summary: lines.find(({ outcome }) => outcome === 'summary') ?? null,
  };
}

/** The lines of a report in a short form: `refused users.jsonl 7 duplicate_email`. */
export const shortly = ({ rows }: ImportRun): string[] =>
  rows.map(({ outcome, input, record, why }) => `${outcome} ${input} ${record} ${why}`);

const REFRESH = `mutation Refresh($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken } }`;
export type Refreshed = { accessToken: string; refreshToken: string };

/** Exchanges a refresh token; null if the gateway refuses it. */
export const refresh = (gateway: TestGateway, refreshToken: string): Promise<Refreshed | null> =>
  gateway.graphql<{ refresh: Refreshed }>(REFRESH, { input: { refreshToken } }).then(
    ({ refresh: refreshed }) => refreshed,
    () => null,
  );
