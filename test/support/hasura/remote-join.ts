import type { IncomingHttpHeaders } from 'node:http';
import { type FieldNode, Kind, parseValue } from 'graphql';
import { fieldsOf, keyOf, type Operation, requestFor } from './document.ts';
import { findRelationship, findTracked, type HasuraSession } from './filters.ts';
import type { RemoteRelationship, TrackedTable } from './metadata.ts';
import { headersFor, remoteError } from './remote-schema.ts';
import type { EngineState } from './state.ts';
import { postJson } from './wire.ts';

type Row = Record<string, unknown>;
type Join = {
  state: EngineState;
  operation: Operation;
  session: HasuraSession;
  client: IncomingHttpHeaders;
};

const rowsOf = (value: unknown): Row[] =>
  [value].flat().filter((row): row is Row => typeof row === 'object' && row !== null);

/**
 * Puts what the remote schema knows of them into rows, wherever the selection has a remote relationship: one request for
 * each such place (hasura/README.md, "Execution requests"). Queries alone; what a mutation returns is not joined here.
 */
export async function joinRemotes(
  join: Join,
  tracked: TrackedTable,
  { field, rows }: { field: FieldNode; rows: unknown },
): Promise<void> {
  if (join.operation.definition.operation !== 'query') return;
  const { tables } = join.state;
  for (const inner of fieldsOf(field)) {
    const name = inner.name.value;
    const remote = tracked.remote_relationships?.find((relationship) => relationship.name === name);
    if (remote !== undefined) await joinPlace(join, remote, { field: inner, rows: rowsOf(rows) });
    const hop = findRelationship(tables, tracked, name);
    if (hop === null) continue;
    const reached = rowsOf(rows).flatMap((row) => rowsOf(row[keyOf(inner)]));
    await joinRemotes(join, findTracked(tables.tables, hop.target), { field: inner, rows: reached });
  }
}

/** One alias for each distinct key. */
async function joinPlace(
  { state, operation, session, client }: Join,
  { definition }: RemoteRelationship,
  { field, rows }: { field: FieldNode; rows: readonly Row[] },
): Promise<void> {
  const { remote_schema: name, remote_field } = definition.to_remote_schema;
  const [target] = Object.entries(remote_field);
  const remote = state.remotes.get(name);
  if (rows.length === 0 || target === undefined || remote === undefined) return;
  const keys = [...new Set(rows.map((row) => JSON.stringify(row[keyOf(field)])))];
  const fields = keys.map((key, index) => aliased(field, target, `f${index + 1}`, JSON.parse(key) as Row));
  const { name: _, ...unnamed } = operation.definition;
  const request = requestFor({ definition: unnamed, variables: operation.variables }, fields);
  const { text } = await postJson(remote.url, headersFor(remote, session, client), request);
  const { data, errors } = JSON.parse(text) as { data?: Row; errors?: unknown[] };
  if (errors !== undefined || data === undefined) throw remoteError('Errors from remote server');
  for (const row of rows) row[keyOf(field)] = data[`f${keys.indexOf(JSON.stringify(row[keyOf(field)])) + 1}`];
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
