import type { IncomingHttpHeaders } from 'node:http';
import { type FieldNode, Kind, parseValue, print } from 'graphql';
import { fieldsOf, keyOf, type Operation, requestFor } from './document.ts';
import { refusal } from './failure.ts';
import { findRelationship, findTracked, type HasuraSession } from './filters.ts';
import { kindOf } from './json.ts';
import type { RemoteRelationship, TrackedTable } from './metadata.ts';
import { askRemote, headersFor } from './remote-schema.ts';
import type { EngineState } from './state.ts';

type Row = Record<string, unknown>;
type Join = {
  state: EngineState;
  operation: Operation;
  session: HasuraSession;
  client: IncomingHttpHeaders;
};
/** One request: for one relationship with one selection, wherever that stands. */
type Call = { relationship: RemoteRelationship; field: FieldNode; ids: Map<string, number> };
/** Where in the answer something is still missing. */
type Gap = { row: Row; key: string; call: Call; id: number };
type Plan = { calls: Map<string, Call>; gaps: Gap[]; count: number };

const rowsOf = (value: unknown): Row[] =>
  [value].flat().filter((row): row is Row => kindOf(row) === 'Object');

/**
 * Puts what the remote schema knows of them into the rows of one root field (hasura/README.md, "Joins with the gateway"). The keys
 * are counted row after row; a row without one gets null.
 */
export async function joinRemotes(
  join: Join,
  tracked: TrackedTable,
  { field, rows }: { field: FieldNode; rows: unknown },
): Promise<void> {
  const plan: Plan = { calls: new Map(), gaps: [], count: 0 };
  collect(join, plan, tracked, { field, rows: rowsOf(rows) });
  for (const call of plan.calls.values()) await fill(join, plan, call);
}

function collect(
  join: Join,
  plan: Plan,
  tracked: TrackedTable,
  { field, rows }: { field: FieldNode; rows: readonly Row[] },
): void {
  const { tables } = join.state;
  for (const row of rows)
    for (const inner of fieldsOf(field)) {
      const [name, key] = [inner.name.value, keyOf(inner)];
      const relationship = tracked.remote_relationships?.find((remote) => remote.name === name);
      const hop = findRelationship(tables, tracked, name.replace(/_aggregate$/, ''));
      const under = { field: inner, rows: rowsOf(row[key]) };
      if (relationship !== undefined) addGap(plan, relationship, { row, key, field: inner });
      else if (hop !== null) collect(join, plan, findTracked(tables.tables, hop.target), under);
      // What a mutation returns, and what an aggregate is made of.
      else if (name === 'returning' || name === 'nodes') collect(join, plan, tracked, under);
    }
}

function addGap(
  plan: Plan,
  relationship: RemoteRelationship,
  { row, key, field }: { row: Row; key: string; field: FieldNode },
): void {
  const columns = row[key] as Row;
  if (Object.values(columns).includes(null)) {
    row[key] = null;
    return;
  }
  const { alias: _, ...unnamed } = field;
  const what = print(unnamed);
  const call = plan.calls.get(what) ?? { relationship, field, ids: new Map<string, number>() };
  plan.calls.set(what, call);
  const values = JSON.stringify(columns);
  const id = call.ids.get(values) ?? plan.count++;
  call.ids.set(values, id);
  plan.gaps.push({ row, key, call, id });
}

const failed = (message: string) => refusal('unexpected', message, '$', 500);

async function fill({ state, operation, session, client }: Join, plan: Plan, call: Call): Promise<void> {
  const { remote_schema: name, remote_field } = call.relationship.definition.to_remote_schema;
  const [target] = Object.entries(remote_field);
  const remote = state.remotes.get(name);
  if (target === undefined || remote === undefined) throw new Error(`Nothing to join in ${name}.`);
  const fields = [...call.ids].map(([values, id]) =>
    aliased(call.field, target, id, JSON.parse(values) as Row),
  );
  const definition = { ...operation.definition, operation: 'query' } as typeof operation.definition;
  const request = requestFor({ ...operation, definition, name: null }, fields);
  const { text } = await askRemote(remote, headersFor(remote, session, client), request);
  const data = readJoined(text);
  for (const { row, key, call: own, id } of plan.gaps)
    if (own === call) row[key] = joinedValue(data, `f${id}`);
}

function joinedValue(data: Row, alias: string): unknown {
  if (!(alias in data)) throw failed(`failed to lookup key '${alias}' in response`);
  return data[alias];
}

/** Of errors the caller learns only that there were some. */
function readJoined(text: string): Row {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw failed(`Remote server response is not valid JSON: ${(error as Error).message}`);
  }
  if (kindOf(body) !== 'Object') throw failed('expecting ordered object');
  const { data, errors } = body as { data?: unknown; errors?: unknown };
  if (errors !== undefined && errors !== null) throw refusal('unexpected', 'Errors from remote server');
  if (data === undefined) throw failed('"data" field not found in remote response');
  if (kindOf(data) !== 'Object') throw failed('expecting ordered object');
  return data as Row;
}

function aliased(
  field: FieldNode,
  [name, { arguments: sources }]: [string, { arguments: Record<string, string> }],
  id: number,
  values: Row,
): FieldNode {
  const named = (value: string) => ({ kind: Kind.NAME, value }) as const;
  const joined = Object.entries(sources).map(([argument, source]) => ({
    kind: Kind.ARGUMENT as const,
    name: named(argument),
    value: parseValue(JSON.stringify(values[source.replace(/^\$/, '')])),
  }));
  const own = field.arguments ?? [];
  return { ...field, alias: named(`f${id}`), name: named(name), arguments: [...own, ...joined] };
}
