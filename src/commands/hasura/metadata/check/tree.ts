import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { parseDocument } from 'yaml';
import { includeTag } from '../files/yaml.ts';
import { type Finding, finding } from './rules.ts';

const INCLUDE = /^!include\s+(.+)$/;

const TOP_LEVEL = [
  ...['version', 'actions', 'remote_schemas', 'cron_triggers', 'inherited_roles', 'allow_list'],
  ...['query_collections', 'rest_endpoints', 'network', 'api_limits', 'graphql_schema_introspection'],
] as const;

type TopLevel = (typeof TOP_LEVEL)[number];

/** The metadata folder as the CLI reads it: parsed YAML by name, with resolved includes. */
export type Tree = {
  documents: Partial<Record<TopLevel | 'databases', unknown>>;
  actionsSdl: string;
  /** Whether every file exists and was readable. */
  complete: boolean;
  findings: Finding[];
};

class Reader {
  readonly read = new Set<string>();
  readonly findings: Finding[] = [];
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async text(path: string): Promise<string | undefined> {
    try {
      const content = await readFile(join(this.folder, path), 'utf8');
      this.read.add(path);
      return content;
    } catch {
      this.findings.push(finding('include-tree', `metadata/${path}`, 'This file is missing.'));
      return undefined;
    }
  }

  /** Reads a YAML file with its includes. `open` holds the files that are being included, to detect a circle. */
  async yaml(path: string, open: readonly string[] = []): Promise<unknown> {
    const content = await this.text(path);
    if (content === undefined) return undefined;
    const document = parseDocument(content, { customTags: [includeTag], uniqueKeys: true });
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) {
      const [line] = error.message.split('\n');
      this.findings.push(finding('include-tree', `metadata/${path}`, `This is not YAML: ${line}`));
      return undefined;
    }
    return await this.resolve(document.toJS(), path, [...open, path]);
  }

  private async resolve(value: unknown, path: string, open: readonly string[]): Promise<unknown> {
    if (Array.isArray(value)) return await Promise.all(value.map((item) => this.resolve(item, path, open)));
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).map(async ([key, item]) => [
        key,
        await this.resolve(item, path, open),
      ]);
      return Object.fromEntries(await Promise.all(entries));
    }
    const include = typeof value === 'string' ? INCLUDE.exec(value)?.[1] : undefined;
    if (include === undefined) return value;
    const target = normalize(join(dirname(path), include.trim()));
    if (!target.endsWith('.yaml')) return await this.text(target);
    if (target.startsWith('..') || open.includes(target) || this.read.has(target)) {
      const message = `${include} is outside the folder, includes itself, or is included twice.`;
      this.findings.push(finding('include-tree', `metadata/${path}`, message));
      return undefined;
    }
    return await this.yaml(target, open);
  }
}

/**
 * Reads `metadata/` in `directory`. A generated file that no other file includes is a finding: the CLI would not apply it.
 * `generated` lists the paths below `directory` that the generator writes.
 */
export async function readTree(directory: string, generated: readonly string[]): Promise<Tree> {
  const reader = new Reader(join(directory, 'metadata'));
  const documents: Tree['documents'] = {};
  for (const name of TOP_LEVEL) documents[name] = await reader.yaml(`${name}.yaml`);
  documents.databases = await reader.yaml('databases/databases.yaml');
  const actionsSdl = (await reader.text('actions.graphql')) ?? '';
  const complete = reader.findings.length === 0;
  const orphans = generated
    .filter((path) => path.startsWith('metadata/') && existsSync(join(directory, path)))
    .filter((path) => !reader.read.has(path.slice('metadata/'.length)));
  const lost = orphans.map((path) => finding('include-tree', path, 'No file includes this file.'));
  const findings = [...reader.findings, ...(complete ? lost : [])];
  return { documents, actionsSdl, complete, findings };
}
