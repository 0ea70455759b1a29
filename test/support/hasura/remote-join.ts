import type { IncomingHttpHeaders } from 'node:http';
import { type FieldNode, Kind, parseValue, print } from 'graphql';
import { fieldsOf, keyOf, type Operation, requestFor } from './document.ts';
import { refusal } from './failure.ts';
import { findRelationship, findTracked, type HasuraSession } from './filters.ts';
import type { RemoteRelationship, TrackedTable } from './metadata.ts';
import { headersFor } from './remote-schema.ts';
import type { EngineState } from './state.ts';
import { postJson } from './wire.ts';

type Row = Record<string, unknown>;
type Join = {
  state: EngineState;
  operation: Operation;
  session: HasuraSession;
  client: IncomingHttpHeaders;
};

/** A row that waits for what the remote schema knows of it; under the field stand the columns to ask by. */
type Place = { relationship: RemoteRelationship; field: FieldNode; row: Row };

const rowsOf = (value: unknown): Row[] =>
  [value].flat().filter((row): row is Row => typeof row === 'object' && row !== null);

/**
 * Puts what the remote schema knows of them into the rows under a root field, wherever the selection has a remote
 * relationship (hasura/README.md, "Joins with the gateway"): one request for each selection that is another one, one alias
 * for each distinct key in it.
 */
export async function joinRemotes(
  join: Join,
  tracked: TrackedTable,
  { field, rows }: { field: FieldNode; rows: unknown },
): Promise<void> {
  const calls = new Map<string, Map<string, Place[]>>();
  for (const place of placesUnder(join.state, tracked, { field, rows: rowsOf(rows) })) {
    const { relationship, field, row } = place;
    const key = row[keyOf(field)] as Row;
    // Without a key there is nothing to ask for.
    if (Object.values(key).includes(null)) row[keyOf(field)] = null;
    else {
      const { alias: _, ...selected } = field;
      const call = JSON.stringify([relationship, print(selected)]);
      const places = calls.get(call) ?? new Map<string, Place[]>();
      calls.set(call, places.set(JSON.stringify(key), [...(places.get(JSON.stringify(key)) ?? []), place]));
    }
  }
  let asked = 0;
  for (const places of calls.values()) {
    await answerPlaces(join, [...places.values()], asked);
    asked += places.size;
  }
}

function* placesUnder(
  state: EngineState,
  tracked: TrackedTable,
  { field, rows }: { field: FieldNode; rows: readonly Row[] },
): Generator<Place> {
  const { tables } = state;
  for (const row of rows) {
    for (const inner of fieldsOf(field)) {
      const name = inner.name.value;
      const relationship = tracked.remote_relationships?.find((candidate) => candidate.name === name);
      const hop = findRelationship(tables, tracked, name);
      const under = { field: inner, rows: rowsOf(row[keyOf(inner)]) };
      if (relationship !== undefined) yield { relationship, field: inner, row };
      else if (hop !== null) yield* placesUnder(state, findTracked(tables.tables, hop.target), under);
      // What a mutation returns.
      else if (name === 'returning') yield* placesUnder(state, tracked, under);
    }
  }
}

/** Asks for each of these places at once; those that share a key share the answer. */
async function answerPlaces(join: Join, keys: readonly Place[][], first: number): Promise<void> {
  const { relationship, field } = keys[0]?.[0] ?? raise('There is nothing to join.');
  const { remote_schema: name, remote_field } = relationship.definition.to_remote_schema;
  const target = Object.entries(remote_field)[0] ?? raise(`${relationship.name} leads nowhere.`);
  const remote = join.state.remotes.get(name) ?? raise(`The remote schema ${name} is missing.`);
  const fields = keys.map(([place], index) =>
    aliased(field, target, `f${first + index}`, place?.row[keyOf(place.field)] as Row),
  );
  const { name: _, ...unnamed } = join.operation.definition;
  const definition = { ...unnamed, operation: 'query' } as typeof unnamed;
  const request = requestFor({ definition, variables: join.operation.variables }, fields);
  const { text } = await postJson(remote.url, headersFor(remote, join.session, join.client), request);
  const { data, errors } = JSON.parse(text) as { data?: Row; errors?: unknown };
  if (errors != null) throw refusal('unexpected', 'Errors from remote server');
  if (data === undefined) throw refusal('unexpected', '"data" field not found in remote response');
  for (const [index, places] of keys.entries())
    for (const { field, row } of places) row[keyOf(field)] = data[`f${first + index}`];
}

function raise(message: string): never {
  throw new Error(message);
}

function aliased(
  field: FieldNode,
  [name, { arguments: sources }]: [string, { arguments: Record<string, string> }],
  alias: string,
  key: Row,
): FieldNode {
  const named = (value: string) => ({ kind: Kind.NAME, value }) as const;
  return {
    ...field,
    alias: named(alias),
    name: named(name),
    arguments: Object.entries(sources).map(([argument, source]) => ({
      kind: Kind.ARGUMENT,
      name: named(argument),
      value: parseValue(JSON.stringify(key[source.replace(/^\$/, '')])),
    })),
  };
}
