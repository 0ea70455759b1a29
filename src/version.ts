import { readFileSync } from 'node:fs';

/** The version in package.json, which is one folder above this one, both in the source and when compiled. */
export const version: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
