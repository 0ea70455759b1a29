import { ConfigError, readConfig } from '../../src/config/read-config.ts';

/** What the configuration refuses in an environment; empty if it accepts it. */
export function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
