import { readFileSync } from 'node:fs';

/** A variable of a command, or the content of the file that `<name>_FILE` names. @throws Error where there is neither */
export function variable(name: string, byDefault = ''): string {
  const file = process.env[`${name}_FILE`];
  const value = process.env[name] || (file ? readFileSync(file, 'utf8').trim() : byDefault);
  if (value === '') throw new Error(`${name} is not set.`);
  return value;
}
