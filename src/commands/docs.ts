import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { environment } from '../config/variables.ts';
import { errorCatalogue } from '../errors.ts';

/**
 * Keeps README's tables in step with the code. `npm run docs:generate` writes them. `npm run docs:check` fails if they
 * differ.
 */
const readme = fileURLToPath(new URL('../../README.md', import.meta.url));

type Documentation = { description?: string; shownDefault?: string };

/** Returns the default as a person would write it into the environment. */
function defaultOf(name: keyof typeof environment.shape): string {
  const parsed = environment.shape[name].def as { defaultValue?: unknown };
  return typeof parsed.defaultValue === 'string' && parsed.defaultValue !== ''
    ? `\`${parsed.defaultValue}\``
    : '';
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

function environmentTable(): string {
  const rows = Object.entries(environment.shape).map(([name, schema]) => {
    const { description = '', shownDefault } = (schema.meta() ?? {}) as Documentation;
    const shown = shownDefault ?? defaultOf(name as keyof typeof environment.shape);
    return `| \`${name}\` | ${cell(shown)} | ${cell(description)} |`;
  });
  return ['| variable | default | what it does |', '|---|---|---|', ...rows].join('\n');
}

function errorTable(): string {
  const rows = Object.entries(errorCatalogue).map(
    ([code, { status, message }]) => `| \`${code}\` | ${status} | ${cell(message)} |`,
  );
  return ['| code | HTTP status | message |', '|---|---|---|', ...rows].join('\n');
}

/** Returns the text of README with its tables generated again. */
export function withGeneratedTables(text: string): string {
  let updated = text;
  for (const [name, table] of Object.entries({ environment: environmentTable(), errors: errorTable() })) {
    const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [updated.indexOf(start), updated.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`README.md has no place for the table "${name}".`);
    updated = `${updated.slice(0, from + start.length)}\n${table}\n${updated.slice(to)}`;
  }
  return updated;
}

async function main(): Promise<void> {
  const text = await readFile(readme, 'utf8');
  const generated = withGeneratedTables(text);
  if (process.argv.includes('--check')) {
    if (generated === text) return;
    process.stderr.write('README.md is out of date: run npm run docs:generate\n');
    process.exitCode = 1;
    return;
  }
  await writeFile(readme, generated);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
