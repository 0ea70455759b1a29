import { readFileSync } from 'node:fs';

/** A variable of a command, or the content of the file that `<name>_FILE` names; null where there is neither. */
export function optionalVariable(name: string): string | null {
  const file = process.env[`${name}_FILE`];
  return process.env[name] || (file ? readFileSync(file, 'utf8').trim() : null) || null;
}

/** The same where it has to be there. @throws Error where it is not */
export function variable(name: string, byDefault = ''): string {
  const value = optionalVariable(name) ?? byDefault;
  if (value === '') throw new Error(`${name} is not set.`);
  return value;
}
