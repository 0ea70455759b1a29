import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a file, or its input, in one transaction: what the examples ask of psql. */
const SCRIPT = `const { readFileSync } = require('node:fs');
const postgres = require(${JSON.stringify(createRequire(import.meta.url).resolve('postgres'))});
const [url, ...options] = process.argv.slice(2);
const file = options[options.indexOf('--file') + 1];
const text = readFileSync(options.includes('--file') ? file : 0, 'utf8');
const sql = postgres(url, { max: 1, onnotice() {} });
sql.begin((tx) => tx.unsafe(text)).then(() => sql.end(), (error) => {
  console.error(error.message);
  process.exit(1);
});
`;

/** Puts a stand-in of psql into a folder of the PATH, if the machine lacks psql. */
export async function providePsql(folder: string): Promise<void> {
  const isThere = await run('psql', ['--version']).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  await writeFile(join(folder, 'psql.cjs'), SCRIPT);
  await writeFile(join(folder, 'psql'), '#!/bin/sh\nexec node "$0.cjs" "$@"\n');
  await chmod(join(folder, 'psql'), 0o755);
}
