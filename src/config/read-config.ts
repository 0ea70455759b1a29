import { readFileSync } from 'node:fs';
import { type Config, problemsOf, toConfig } from './config.ts';
import { type Environment, environment } from './variables.ts';

/** The declared facts of each variable. */
const facts = Object.entries(environment.shape).map(([name, schema]) => ({ name, ...schema.meta() }));

/** The exit code for a configuration that is not usable: EX_CONFIG of sysexits.h. */
export const EXIT_CONFIG = 78;

/** Names every missing or bad variable, without its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads the whole configuration. Only the start calls it, and passes the result on. An empty variable counts as unset.
 * @throws ConfigError naming every missing or bad variable.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  const variables = parse(env, problems);
  problems.push(...missingVariables(env));
  if (variables !== undefined) problems.push(...problemsOf(variables));
  if (problems.length > 0 || variables === undefined) throw new ConfigError(problems);
  return toConfig(variables);
}

/** Parses the variables; undefined if one is bad. */
function parse(env: NodeJS.ProcessEnv, problems: string[]): Environment | undefined {
  const parsed = environment.safeParse(withFiles(env, problems));
  for (const { path, message } of parsed.error?.issues ?? []) problems.push(`${String(path[0])}: ${message}`);
  return parsed.data;
}

/** Names the missing variables that production requires or that another variable needs. */
function missingVariables(env: NodeJS.ProcessEnv): string[] {
  const isSet = (name: string) => (env[name] ?? '') !== '' || (env[`${name}_FILE`] ?? '') !== '';
  return facts.flatMap(({ name, requiredInProduction, needs }) => {
    if (requiredInProduction && env.NODE_ENV === 'production' && !isSet(name))
      return [`${name}: required in production`];
    return needs !== undefined && isSet(name) && !isSet(needs) ? [`${name}: needs ${needs}`] : [];
  });
}

/**
 * Reads some variables, for commands that need only these. Each must be set, except the optional ones.
 * @throws ConfigError naming every missing or bad one.
 */
export function readVariables<Name extends keyof Environment, Optional extends keyof Environment = never>(
  env: NodeJS.ProcessEnv,
  names: readonly Name[],
  optional: readonly Optional[] = [],
): { [Key in Name]: NonNullable<Environment[Key]> } & Pick<Environment, Optional> {
  const problems: string[] = [];
  const asked = [...names, ...optional]
    .flatMap((name) => [name, `${name}_FILE`])
    .map((name) => [name, env[name]]);
  const variables = parse(Object.fromEntries(asked), problems);
  if (problems.length === 0)
    problems.push(...names.flatMap((name) => (variables?.[name] === undefined ? `${name}: required` : [])));
  if (problems.length > 0 || variables === undefined) throw new ConfigError(problems);
  return variables as { [Key in Name]: NonNullable<Environment[Key]> } & Environment;
}

/** Adds the secrets that `<name>_FILE` variables name. */
function withFiles(env: NodeJS.ProcessEnv, problems: string[]): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && value !== '') merged[name] = value;
  for (const { name, secret } of facts) {
    const path = merged[`${name}_FILE`];
    if (!secret || path === undefined || merged[name] !== undefined) continue;
    try {
      merged[name] = readFileSync(path, 'utf8').trim();
    } catch (error) {
      problems.push(`${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    }
  }
  return merged;
}
