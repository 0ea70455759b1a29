import { access } from 'node:fs/promises';
import {
  type Arguments,
  type Print,
  type Report,
  type Subcommand,
  UsageError,
} from '../../cli/subcommand.ts';
import { type Format, formats } from './records.ts';
import { ImportReport } from './report.ts';
import { readFirebaseProject } from './sources/firebase-project.ts';
import { type Files, type Source, sources } from './sources/sources.ts';
import { createStaging } from './store/staging.ts';

/** The import has ended, and some rows were refused. */
const EXIT_REFUSED = 3;

/** Rows between two lines that say how far the import is. */
const PROGRESS_ROWS = 10_000;

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

function readSource(name: string | null): Source {
  const source = name !== null && Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (source === undefined) throw new UsageError(`--from must be one of ${Object.keys(sources).join(', ')}.`);
  return source;
}

function readFormat(given: string | null): Format | null {
  const format = formats.find((name) => name === given) ?? null;
  if (given !== null && format === null)
    throw new UsageError(`--format must be one of ${formats.join(', ')}.`);
  return format;
}

/** Shorter names of tables. */
const SHORT: Readonly<Record<string, string>> = {
  providers: 'user_providers',
  roles: 'user_roles',
  security_keys: 'user_security_keys',
};

/** Reads `--with <name>=<file>`, each name once. */
function readWith(pairs: unknown, { withNames }: Source): Record<string, string> {
  const files: Record<string, string> = {};
  for (const pair of Array.isArray(pairs) ? pairs : []) {
    const [, given = '', file = ''] = /^([^=]+)=(.+)$/.exec(String(pair)) ?? [];
    const name = Object.hasOwn(SHORT, given) ? (SHORT[given] ?? given) : given;
    if (!withNames.includes(name))
      throw new UsageError(
        withNames.length === 0
          ? '--with is not for this system: one file holds all.'
          : `--with must be <name>=<file>, with a name of ${withNames.join(', ')}.`,
      );
    if (files[name] !== undefined) throw new UsageError(`--with names ${name} twice.`);
    files[name] = file;
  }
  if (files.refresh_tokens !== undefined && withNames.includes('sessions') && files.sessions === undefined)
    throw new UsageError('--with refresh_tokens needs --with sessions, which says when sessions end.');
  return files;
}

async function readFiles({ positionals, values }: Arguments, source: Source): Promise<Files> {
  const [people = ''] = positionals;
  const files = readWith(values.with, source);
  const config = textOf(values.config);
  if (config !== null && source !== sources.firebase)
    throw new UsageError('--config is for Firebase: it names the hash parameters of the project.');
  for (const file of [people, ...Object.values(files), ...(config === null ? [] : [config])])
    await access(file).catch(() => {
      throw new UsageError(`The file ${file} cannot be read.`);
    });
  return { people, with: files, project: config === null ? null : await readFirebaseProject(config) };
}

/** Collects the lines of the report until they are printed. */
function collectLines(print: Print) {
  let lines: string[] = [];
  return {
    write: (line: string) => void lines.push(`${line}\n`),
    async flush() {
      const text = lines.join('');
      lines = [];
      if (text !== '') await print(text);
    },
  };
}

/** Imports the users of another system. */
export const importUsers: Subcommand = {
  summary: 'Imports the users of another system, with their passwords, roles, links and sessions.',
  usage: '<file> --from <system> [options]',
  details: [
    'The file holds JSON lines, a JSON array, or CSV. Run the command again after an interruption: it goes on, and changes nothing that is done.',
    'It prints a line for each row that was refused, skipped or imported in part, and a summary. Exit code 3: it has ended, and some rows were refused.',
    'src/commands/users/import/README.md has a recipe for each system.',
  ],
  positionals: [1, 1],
  options: {
    from: { type: 'string', value: '<system>', description: `${Object.keys(sources).join(', ')}.` },
    with: {
      type: 'string',
      value: '<name>=<file>',
      multiple: true,
      description: Object.entries(sources)
        .filter(([, { withNames }]) => withNames.length > 0)
        .map(([name, { withNames }]) => `${name}: ${withNames.join(', ')}.`)
        .join(' '),
    },
    config: {
      type: 'string',
      value: '<file>',
      description: 'The hash parameters of a Firebase project, as its console shows them.',
    },
    format: {
      type: 'string',
      value: '<format>',
      description: `${formats.join(', ')}; by default the ending of each file tells.`,
    },
    'dry-run': { type: 'boolean', description: 'Only reports what an import would do.' },
    'drop-mfa': {
      type: 'boolean',
      description: 'Imports people who lose a second factor. By default they are refused.',
    },
  },
  async run(given, open, print): Promise<Report> {
    const from = textOf(given.values.from);
    const source = readSource(from);
    const format = readFormat(textOf(given.values.format));
    const files = await readFiles(given, source);
    const { deps, single } = await open();
    const lines = collectLines(print);
    const asJson = given.values.json === true;
    const report = new ImportReport({ write: lines.write, asJson });
    const dryRun = given.values['dry-run'] === true;
    const store = {
      ...{ deps, db: single, staging: await createStaging(single), report, source: from ?? '' },
      ...{ dryRun, dropMfa: given.values['drop-mfa'] === true },
    };
    const progress = (rows: number) => {
      if (rows % PROGRESS_ROWS === 0) process.stderr.write(`${rows} rows\n`);
    };
    await source.run({ store, format, progress, flush: lines.flush }, files);
    await lines.flush();
    return {
      text: report.summary(dryRun),
      json: undefined,
      exitCode: report.counts.refused > 0 ? EXIT_REFUSED : 0,
    };
  },
};
