import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { securityActions } from '../audit/security-events.ts';
import { RESERVED_CLAIMS } from '../claims/names.ts';
import { environment } from '../config/variables.ts';
import { webhookEvents } from '../config/webhook-events.ts';
import { errorCatalogue } from '../errors.ts';
import { mailKinds, mails } from '../mail/kinds.ts';

/**
 * Keeps the generated parts of the README files in step with the code. `npm run docs:generate` writes them. `npm run
 * docs:check` fails if they differ.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Returns the default as a person would write it into the environment. */
function defaultOf(name: keyof typeof environment.shape): string {
  const parsed = environment.shape[name].def as { defaultValue?: unknown };
  return typeof parsed.defaultValue === 'string' && parsed.defaultValue !== ''
    ? `\`${parsed.defaultValue}\``
    : '';
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => `\`${text}\``;

function environmentTable(): string {
  const rows = Object.entries(environment.shape).map(([name, schema]) => {
    const { description = '', shownDefault, secret } = schema.meta() ?? {};
    const shown = shownDefault ?? defaultOf(name as keyof typeof environment.shape);
    const names = secret ? `${code(name)} or ${code(`${name}_FILE`)}` : code(name);
    return `| ${names} | ${cell(shown)} | ${cell(description)} |`;
  });
  return ['| variable | default | what it does |', '|---|---|---|', ...rows].join('\n');
}

function errorTable(): string {
  const rows = Object.entries(errorCatalogue).map(
    ([name, { status, message }]) => `| ${code(name)} | ${status} | ${cell(message)} |`,
  );
  return ['| code | HTTP status | message |', '|---|---|---|', ...rows].join('\n');
}

function mailTextTable(): string {
  const rows = mailKinds.map((kind) => {
    const known = mails[kind].placeholders.map((name) => code(`{{${name}}}`));
    return `| ${code(kind)} | ${known.join(' ')} |`;
  });
  return ['| kind | placeholders |', '|---|---|', ...rows].join('\n');
}

function webhookTable(): string {
  const rows = Object.entries(webhookEvents).map(
    ([type, { when, data }]) => `| ${code(type)} | ${cell(when)} | ${data.map(code).join(' ')} |`,
  );
  return ['| type | when | data |', '|---|---|---|', ...rows].join('\n');
}

const reservedClaims = (): string => `${RESERVED_CLAIMS.map(code).join(', ')}.`;

const securityEventList = (): string => `${securityActions.map(code).join(', ')}.`;

/** The generated parts: each with its file, its name and its generator. */
const generated: readonly (readonly [file: string, name: string, write: () => string])[] = [
  ['src/config/README.md', 'environment', environmentTable],
  ['src/dialects/README.md', 'errors', errorTable],
  ['src/mail/README.md', 'mail-texts', mailTextTable],
  ['src/webhooks/README.md', 'webhook-events', webhookTable],
  ['src/claims/README.md', 'reserved-claims', reservedClaims],
  ['src/audit/README.md', 'security-events', securityEventList],
];

/** The files that hold a generated part, each once. */
export const documentedFiles: readonly string[] = [...new Set(generated.map(([file]) => file))];

/**
 * Returns the text of a file with its generated parts replaced.
 * @throws Error if the file lacks the marks of one of its parts
 */
export function withGeneratedParts(file: string, text: string): string {
  let updated = text;
  for (const [of, name, write] of generated) {
    if (of !== file) continue;
    const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [updated.indexOf(start), updated.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`${file} lacks the marks of the part "${name}".`);
    updated = `${updated.slice(0, from + start.length)}\n${write()}\n${updated.slice(to)}`;
  }
  return updated;
}

async function main(): Promise<void> {
  for (const file of documentedFiles) {
    const path = join(root, file);
    const text = await readFile(path, 'utf8');
    const updated = withGeneratedParts(file, text);
    if (updated === text) continue;
    if (process.argv.includes('--check')) {
      process.stderr.write(`${file} is out of date: run npm run docs:generate\n`);
      process.exitCode = 1;
    } else await writeFile(path, updated);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
