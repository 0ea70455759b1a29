/** The engine that the stand-in plays unless a test names another version. */
export const ENGINE_VERSION = 'v2.51.9';

/**
 * Whether a version lists a remote schema as inconsistent that has a type of the actions. Older ones drop it silently
 * (hasura/README.md, "Names that must not meet").
 */
export function reportsTypeConflicts(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major !== 2) return major > 2;
  return minor >= 49 || (minor === 45 && patch >= 4);
}
