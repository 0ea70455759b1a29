import type { GraphQLSchema } from 'graphql';
import type { EngineAccess } from '../engine-http.ts';
import { schemaOfIntrospection } from './clashes/remote-claims.ts';
import { introspectRemoteSchema } from './engine-metadata.ts';
import { type JsonObject, objectsOf, textOf } from './json.ts';
import { isOurRemoteSchema } from './place.ts';

/**
 * Reads what the engine knows of its remote schemas. `unseen` names those that it cannot introspect, so that their names cannot
 * be compared with ours.
 * @throws EngineError
 */
export async function readRemoteSchemas(
  engine: EngineAccess,
  metadata: JsonObject,
): Promise<{ schemas: Map<string, GraphQLSchema>; unseen: string[] }> {
  const schemas = new Map<string, GraphQLSchema>();
  const unseen: string[] = [];
  for (const entry of objectsOf(metadata.remote_schemas)) {
    const name = textOf(entry.name);
    const schema = await readSchema(engine, name);
    if (schema !== null) schemas.set(name, schema);
    else if (!isOurRemoteSchema(entry))
      unseen.push(
        `The names of your remote schema ${name} were not compared: the engine cannot introspect it.`,
      );
  }
  return { schemas, unseen };
}

async function readSchema(engine: EngineAccess, name: string): Promise<GraphQLSchema | null> {
  const answer = await introspectRemoteSchema(engine, name);
  try {
    return answer === null ? null : schemaOfIntrospection(answer);
  } catch {
    return null; // The engine says itself what is wrong with it: the remote schema is inconsistent.
  }
}
