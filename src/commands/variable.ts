import { readFileSync } from 'node:fs';

/** Reads a variable of a command, or the file that `<name>_FILE` names; null if neither is set. */
export function optionalVariable(name: string, env = process.env): string | null {
  const file = env[`${name}_FILE`];
  return env[name] || (file ? readFileSync(file, 'utf8').trim() : null) || null;
}

/** Reads a variable that is required, unless it has a default. @throws Error if it is not set */
export function variable(name: string, byDefault = ''): string {
  const value = optionalVariable(name) ?? byDefault;
  if (value === '') throw new Error(`${name} is not set.`);
  return value;
}
