import { readFileSync } from 'node:fs';
import { captchaConfig } from './captcha.ts';
import type { Config } from './config.ts';
import { shortestKeySeconds } from './key-schedule.ts';
import { toConfig } from './to-config.ts';
import { type Environment, environment } from './variables.ts';

/** What may also come from a file, by the variable's name with `_FILE` behind it. */
const FROM_FILE = [
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'INTERNAL_ENDPOINTS_SECRET',
  'KEY_ENCRYPTION_KEYS',
  'ENS_RPC_URLS',
  'SMTP_URL',
  'CAPTCHA_SECRET',
] as const;
const REQUIRED_IN_PRODUCTION = [
  ...['DATABASE_URL', 'PUBLIC_URL', 'INTERNAL_ENDPOINTS_SECRET', 'KEY_ENCRYPTION_KEYS', 'SMTP_URL'],
] as const;

/** The exit code for a configuration that is not usable: EX_CONFIG of sysexits.h. */
export const EXIT_CONFIG = 78;

/** Names every variable that is missing or bad, and never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads the whole configuration, once; everything else receives a Config. An empty string counts as unset.
 * @throws ConfigError naming every missing or bad variable.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  const parsed = environment.safeParse(withFiles(env, problems));
  for (const issue of parsed.error?.issues ?? []) problems.push(`${String(issue.path[0])}: ${issue.message}`);
  const set = (name: string) => (env[name] ?? '') !== '' || (env[`${name}_FILE`] ?? '') !== '';
  if (env.NODE_ENV === 'production') {
    for (const name of REQUIRED_IN_PRODUCTION)
      if (!set(name)) problems.push(`${name}: required in production`);
    if (parsed.data?.RATE_LIMITS === false) problems.push('RATE_LIMITS: cannot be off in production');
  }
  if (set('DATABASE_DIRECT_URL') && !set('DATABASE_URL'))
    problems.push('DATABASE_DIRECT_URL: needs DATABASE_URL');
  if (parsed.data?.REFRESH_COOKIE === 'none' && !parsed.data.PUBLIC_URL?.startsWith('https:'))
    problems.push('REFRESH_COOKIE: none needs a PUBLIC_URL with https');
  if (parsed.success) {
    checkKeyLife(parsed.data, problems);
    captchaConfig(parsed.data, (name) => problems.push(`${name}: required with CAPTCHA_PROVIDER`));
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return toConfig(parsed.data);
}

function checkKeyLife(
  { JWK_TTL, JWKS_MAX_AGE, HOUSEKEEPING_SECONDS }: Environment,
  problems: string[],
): void {
  const needed = shortestKeySeconds({
    jwksMaxAgeSeconds: JWKS_MAX_AGE,
    housekeepingSeconds: HOUSEKEEPING_SECONDS,
  });
  if (JWK_TTL >= needed) return;
  // Of a very short life no other value can make enough.
  const canLower = JWK_TTL >= shortestKeySeconds({ jwksMaxAgeSeconds: 1, housekeepingSeconds: 1 });
  problems.push(
    `JWK_TTL: a key would end before its successor is published. Raise JWK_TTL to at least ${needed}${
      canLower ? ', or lower JWKS_MAX_AGE or HOUSEKEEPING_SECONDS.' : '.'
    }`,
  );
}

/**
 * Reads some variables, each of which must be set but for the optional ones: for commands that need no more.
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
  const parsed = environment.safeParse(withFiles(Object.fromEntries(asked), problems));
  for (const issue of parsed.error?.issues ?? []) problems.push(`${String(issue.path[0])}: ${issue.message}`);
  if (problems.length === 0)
    problems.push(...names.flatMap((name) => (parsed.data?.[name] === undefined ? `${name}: required` : [])));
  if (parsed.data?.REFRESH_COOKIE === 'none' && !parsed.data.PUBLIC_URL?.startsWith('https:'))
    problems.push('REFRESH_COOKIE: none needs a PUBLIC_URL with https');
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return parsed.data as { [Key in Name]: NonNullable<Environment[Key]> } & Environment;
}

function withFiles(env: NodeJS.ProcessEnv, problems: string[]): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && value !== '') merged[name] = value;
  for (const name of FROM_FILE) {
    const path = merged[`${name}_FILE`];
    if (path === undefined || merged[name] !== undefined) continue;
    try {
      merged[name] = readFileSync(path, 'utf8').trim();
    } catch (error) {
      problems.push(`${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    }
  }
  return merged;
}
