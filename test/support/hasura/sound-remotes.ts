import { isObjectType } from 'graphql';
import { findTracked } from './filters.ts';
import type { Note } from './inconsistency.ts';
import type { RemoteRelationship, Source } from './metadata-types.ts';
import type { Remote } from './remote-schema.ts';

type ToSource = NonNullable<RemoteRelationship['definition']['to_source']>;

/**
 * Lists relationships of remote schemas whose type, field, source or table is missing. The stand-in does not serve such
 * relationships.
 */
export function noteTypeJoins(
  remotes: ReadonlyMap<string, Remote>,
  sources: readonly Source[],
  note: Note,
): void {
  for (const [name, remote] of remotes)
    for (const { type_name: type, relationships } of remote.metadata.remote_relationships ?? [])
      for (const relationship of relationships) {
        const { to_source: to } = relationship.definition;
        if (to === undefined) continue;
        try {
          requireTarget(remote, type, to, sources);
        } catch (error) {
          const what = `${relationship.name} on ${type} in remote schema ${name}`;
          note('remote_schema_remote_relationship', what, relationship, error as Error);
        }
      }
}

function requireTarget({ upstream }: Remote, name: string, to: ToSource, sources: readonly Source[]): void {
  const type = upstream.getType(name);
  if (!isObjectType(type)) throw new Error(`type "${name}" is not an object of the remote schema`);
  for (const field of Object.keys(to.field_mapping))
    if (!(field in type.getFields())) throw new Error(`field "${field}" is not in type "${name}"`);
  const source = sources.find((known) => known.name === to.source);
  if (source === undefined) throw new Error(`source with name "${to.source}" is not found`);
  findTracked(source.tables, to.table);
}
