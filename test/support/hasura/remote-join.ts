import { type FieldNode, type GraphQLSchema, Kind, OperationTypeNode, parseValue, print } from 'graphql';
import { inlineFragments, type Operation, requestFor } from './document.ts';
import { isObject, refusal } from './failure.ts';
import { printJson } from './json.ts';
import type { RemoteRelationship } from './metadata-types.ts';
import { askOriginal } from './remote-naming.ts';
import { askRemote, type Caller, headersFor, parseAnswer, type Remote } from './remote-schema.ts';

type Row = Readonly<Record<string, unknown>>;
/** A request that still collects rows, for one relationship and one selection. */
type Batch = { fields: FieldNode[]; aliases: Map<string, string>; answer: Promise<Row> };
type ToRemote = NonNullable<RemoteRelationship['definition']['to_remote_schema']>;
/** A field of a row, its type, and the remote field behind it. */
type Join = { name: string; to: ToRemote; row: Row; field: FieldNode; type: string };

/**
 * Joins rows with fields of a remote schema (hasura/README.md, "Joins with the gateway"): one request for the rows of a list,
 * with an alias for each distinct key.
 */
export function createJoins(
  remotes: ReadonlyMap<string, Remote>,
  { operation, schema }: { operation: Operation; schema: GraphQLSchema },
  caller: Caller,
): (join: Join) => Promise<unknown> {
  const waiting = new Map<string, Batch>();

  function open(what: string, name: string): Batch {
    const fields: FieldNode[] = [];
    const remote = remotes.get(name);
    if (remote === undefined) throw new Error(`Nothing to join in ${name}.`);
    // By then every row of the list has been added.
    const complete = new Promise((resolve) => setImmediate(resolve));
    const answer = complete.then(async () => {
      waiting.delete(what);
      const request = requestFor(
        { ...operation, name: null },
        { operation: OperationTypeNode.QUERY, fields },
      );
      return readJoined(parseAnswer(await askRemote(remote, headersFor(remote, caller), request)));
    });
    const batch = { fields, aliases: new Map<string, string>(), answer };
    waiting.set(what, batch);
    return batch;
  }

  function originalOf({ to, field, type: parent }: Join): FieldNode {
    const naming = remotes.get(to.remote_schema)?.naming;
    if (naming === undefined || field.selectionSet === undefined) return field;
    const selectionSet = inlineFragments(field.selectionSet, operation.fragments);
    return { ...field, selectionSet: askOriginal(selectionSet, { schema, parent, naming }) };
  }

  return async (asked) => {
    const { name, to, row, field } = asked;
    const { remote_schema, lhs_fields, remote_field } = to;
    const keys = Object.fromEntries(lhs_fields.map((column) => [column, row[column]]));
    if (Object.values(keys).includes(null)) return null;
    const { alias: _, ...unnamed } = field;
    const what = `${name} ${print(unnamed)}`;
    const batch = waiting.get(what) ?? open(what, remote_schema);
    const key = printJson(keys);
    const alias = batch.aliases.get(key) ?? `f${batch.aliases.size}`;
    if (!batch.aliases.has(key)) batch.fields.push(joined(originalOf(asked), remote_field, { alias, keys }));
    batch.aliases.set(key, alias);
    return (await batch.answer)[alias];
  };
}

/** The caller does not learn the errors, only that the request failed. */
function readJoined({ data, errors }: Row): Row {
  if (errors !== undefined && errors !== null) throw refusal('unexpected', 'Errors from remote server');
  if (!isObject(data)) throw refusal('unexpected', 'expecting ordered object');
  return data;
}

function joined(
  field: FieldNode,
  remote: ToRemote['remote_field'],
  { alias, keys }: { alias: string; keys: Row },
): FieldNode {
  const [[name = '', { arguments: sources }] = ['', { arguments: {} }]] = Object.entries(remote);
  const named = (value: string) => ({ kind: Kind.NAME, value }) as const;
  const args = Object.entries(sources).map(([argument, source]) => ({
    kind: Kind.ARGUMENT as const,
    name: named(argument),
    value: parseValue(printJson(keys[source.replace(/^\$/, '')])),
  }));
  return { ...field, alias: named(alias), name: named(name), arguments: args };
}
