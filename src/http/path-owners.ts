import { TrieRouter } from 'hono/router/trie-router';
import type { CorsRule } from '../dialects/cors.ts';
import type { MountedDialect } from '../dialects/mount.ts';

type PathOwners = {
  /** The dialect whose prefix a path has: the longest prefix counts. */
  ownerOf(path: string): MountedDialect | null;
  /** The CORS rule of the dialect that serves a path, else of the dialect whose prefix it has. */
  corsOf(path: string): CorsRule | null;
};

type Claim = { prefix: string; mounted: MountedDialect };

/**
 * Tells which paths belong to which dialect.
 * @throws Error if two dialects serve one path
 */
export function createPathOwners(mounted: readonly MountedDialect[]): PathOwners {
  refuseDuplicates(mounted);
  const claims = mounted
    .flatMap((each) => each.prefixes.map((prefix) => ({ prefix, mounted: each })))
    .sort((one, other) => other.prefix.length - one.prefix.length);
  const rules = new TrieRouter<CorsRule>();
  for (const { cors, paths } of mounted)
    if (cors !== null) for (const path of paths) rules.add('ALL', path, cors);
  const withRule = claims.filter((claim) => claim.mounted.cors !== null);
  return {
    ownerOf: (path) => findClaim(claims, path),
    corsOf: (path) => rules.match('ALL', path)[0][0]?.[0] ?? findClaim(withRule, path)?.cors ?? null,
  };
}

const findClaim = (claims: readonly Claim[], path: string): MountedDialect | null =>
  claims.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))?.mounted ?? null;

/** Otherwise the dialect that comes first would hide the other's endpoints. */
function refuseDuplicates(mounted: readonly MountedDialect[]): void {
  const names = new Map<string, string>();
  for (const { dialect, paths } of mounted)
    for (const path of paths) {
      const shape = path.replace(/:\w+/g, ':');
      const other = names.get(shape);
      if (other !== undefined) throw new Error(`${other} and ${dialect.name} both serve ${path}.`);
      names.set(shape, dialect.name);
    }
}
