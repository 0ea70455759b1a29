import type { GraphQLSchema } from 'graphql';
import type { Note } from './inconsistency.ts';
import { introspect } from './introspection.ts';
import { printJson } from './json.ts';
import type { RemoteSchema } from './metadata-types.ts';
import { createRemoteNaming } from './remote-naming.ts';
import { configuredHeaders, type EngineEnvironment, type Remote, remoteUrl } from './remote-schema.ts';

/** What the engine learned from a remote schema, or the error of the introspection, and the definition that it asked for. */
type Introspection = { of: string } & ({ upstream: GraphQLSchema } | { error: Error });
export type Introspections = ReadonlyMap<string, Introspection>;

type Known = {
  introspections: Introspections;
  /** The remote schemas to introspect again. */
  again: readonly string[];
  /** The remote schemas that are not introspected although their definition has changed. */
  kept: readonly string[];
};

async function ask(metadata: RemoteSchema, env: EngineEnvironment): Promise<Introspection> {
  const of = printJson(metadata.definition);
  try {
    const url = remoteUrl(env, metadata.definition);
    const configured = configuredHeaders(env, metadata.definition.headers);
    return { of, upstream: await introspect({ metadata, url, configured }) };
  } catch (error) {
    return { of, error: error as Error };
  }
}

/**
 * Introspects only the remote schemas that are asked for and those whose definition has changed. It keeps failures like
 * successes. Newer engines retry by themselves; the stand-in does not (hasura/README.md, "Answers of the engine").
 */
export async function readIntrospections(
  remoteSchemas: readonly RemoteSchema[],
  env: EngineEnvironment,
  { introspections, again, kept }: Known,
): Promise<Introspections> {
  const found = new Map<string, Introspection>();
  for (const metadata of remoteSchemas) {
    const { name, definition } = metadata;
    const known = again.includes(name) ? undefined : introspections.get(name);
    const isKept = kept.includes(name) && known !== undefined && 'upstream' in known;
    const isKnown = isKept || known?.of === printJson(definition);
    found.set(name, isKnown && known !== undefined ? known : await ask(metadata, env));
  }
  return found;
}

/** The remote schemas that were introspected; the others are inconsistent. */
export function openRemotes(
  remoteSchemas: readonly RemoteSchema[],
  introspections: Introspections,
  { env, note }: { env: EngineEnvironment; note: Note },
): Map<string, Remote> {
  const remotes = new Map<string, Remote>();
  for (const metadata of remoteSchemas) {
    const { name, definition } = metadata;
    const known = introspections.get(name);
    if (known === undefined) continue;
    try {
      if ('error' in known) throw known.error;
      const naming = createRemoteNaming(definition.customization, known.upstream);
      const configured = configuredHeaders(env, definition.headers);
      const url = remoteUrl(env, definition);
      remotes.set(name, { metadata, url, configured, upstream: known.upstream, naming });
    } catch (error) {
      note('remote_schema', name, metadata, error as Error);
    }
  }
  return remotes;
}
