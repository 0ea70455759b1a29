import { Refusal, refusal } from '../failure.ts';
import { parseFailed, requireKey, requireObject } from '../format/parse.ts';
import { copyJson } from '../json.ts';
import { ACTION_COMMANDS } from './actions.ts';
import { type Commands, type Draft, draftOf, load, type MetadataStore, newIn } from './draft.ts';
import { OTHER_COMMANDS } from './others.ts';
import { PERMISSION_COMMANDS } from './permissions.ts';
import { RELATIONSHIP_COMMANDS } from './relationships.ts';
import { REMOTE_SCHEMA_COMMANDS } from './remote-schemas.ts';
import { SOURCE_COMMANDS } from './sources.ts';
import { TABLE_COMMANDS } from './tables.ts';
import { exportCommand, READ_COMMANDS, WHOLE_COMMANDS } from './whole.ts';

const WRITES: Commands = {
  ...{ ...WHOLE_COMMANDS, ...SOURCE_COMMANDS, ...TABLE_COMMANDS, ...RELATIONSHIP_COMMANDS },
  ...{ ...PERMISSION_COMMANDS, ...REMOTE_SCHEMA_COMMANDS, ...ACTION_COMMANDS, ...OTHER_COMMANDS },
};
const READS = [...Object.keys(READ_COMMANDS), 'export_metadata', 'introspect_remote_schema'];
const BULKS = ['bulk', 'bulk_keep_going', 'bulk_atomic', 'concurrent_bulk'];
const ATOMIC = [
  ...['pg_create_object_relationship', 'pg_create_array_relationship', 'pg_drop_relationship'],
  'pg_delete_remote_relationship',
];

type Operation = { type: string; version: number; args: unknown; resourceVersion: number | null };

/** Reads the type and arguments of a request, before its role is checked. */
export function readOperation(body: unknown): Operation {
  const request = requireObject(body, 'RQLMetadata', '$');
  const type = String(requireKey(request, 'type', '$'));
  if (![...Object.keys(WRITES), ...READS, ...BULKS].includes(type)) {
    const [backend = ''] = type.split('_');
    throw parseFailed(
      `unknown metadata command "${type}"; "${backend}" was not recognized as a valid backend name`,
      '$',
    );
  }
  const { version = 1, resource_version: resourceVersion = null } = request;
  if (version !== 1 && version !== 2)
    throw parseFailed(`unsupported version: ${String(version)}`, '$.version');
  if (resourceVersion !== null && typeof resourceVersion !== 'number')
    throw parseFailed('parsing Int failed, expected Number', '$.resource_version');
  return { type, version, args: requireKey(request, 'args', '$'), resourceVersion };
}

/**
 * Runs a request of `POST /v1/metadata` (hasura/README.md, "Commands of the metadata API"). A change is written at the end, if
 * the version of the metadata is still the one that the request names or began with.
 */
export async function runOperation(store: MetadataStore, operation: Operation): Promise<unknown> {
  const began = store.resourceVersion();
  const draft = draftOf(store);
  const answer = await run({ draft, began }, operation);
  if (isRead(operation)) return answer;
  store.effects.push(...draft.effects);
  const expected = operation.resourceVersion ?? began;
  if (expected !== store.resourceVersion())
    throw refusal(
      'conflict',
      `metadata resource version referenced (${expected}) did not match current version`,
      '$',
      409,
    );
  store.take(draft.state);
  return answer;
}

const isRead = ({ type }: Operation): boolean => READS.includes(type) || type === 'concurrent_bulk';
type Running = { draft: Draft; began: number };

async function run(running: Running, operation: Operation): Promise<unknown> {
  const { type, args, version } = operation;
  if (type === 'export_metadata') return exportCommand(running.began, running.draft, version);
  if (BULKS.includes(type)) return runBulk(running, type, args);
  const command = WRITES[type] ?? READ_COMMANDS[type];
  if (command === undefined) throw new Error(`The metadata command ${type} is not played.`);
  // The one command whose arguments are a list of types may be empty.
  return command(running.draft, requireObject(args, 'Object', '$.args'), version);
}

async function runBulk(running: Running, type: string, args: unknown): Promise<unknown[]> {
  if (!Array.isArray(args)) throw parseFailed('parsing [] failed, expected Array', '$.args');
  const children = args.map((child, index) => inChild(index, () => readOperation(child)));
  if (type === 'concurrent_bulk' && !children.every(isRead))
    throw refusal('unexpected', 'Only read-only commands are allowed in a concurrent_bulk', '$.args', 500);
  if (type === 'bulk_atomic') return runAtomic(running, children);
  const answers: unknown[] = [];
  for (const [index, child] of children.entries())
    answers.push(
      type === 'bulk_keep_going'
        ? await orErrorSlot(running, () => run(running, child))
        : await inChildAsync(index, () => run(running, child)),
    );
  return answers;
}

/** Builds once, after all commands. */
async function runAtomic(running: Running, children: readonly Operation[]): Promise<unknown[]> {
  const unknown = children.find(({ type }) => !ATOMIC.includes(type));
  if (unknown !== undefined)
    throw refusal('unexpected', 'Bulk atomic does not support this command', '$.args', 500);
  const { draft } = running;
  const before = draft.state;
  draft.isDeferred = true;
  const answers: unknown[] = [];
  for (const [index, child] of children.entries())
    answers.push(await inChildAsync(index, () => run(running, child)));
  await load(draft);
  if (newIn(draft.state, before).length > 0) throw refusal('unexpected', 'Schema inconsistency', '$.args');
  return answers;
}

/** A failed command leaves an error in its place; the others are written. */
async function orErrorSlot({ draft }: Running, command: () => Promise<unknown>): Promise<unknown> {
  const before = { metadata: copyJson(draft.metadata), state: draft.state };
  try {
    return await command();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    Object.assign(draft, before);
    return error.reason;
  }
}

/** An error in a bulk has the place of its command. */
const atChild = (index: number, error: unknown): unknown =>
  error instanceof Refusal
    ? new Refusal(
        { ...error.reason, path: error.reason.path.replace(/^\$/, `$.args[${index}]`) },
        error.status,
        error.internal,
      )
    : error;

function inChild<Result>(index: number, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw atChild(index, error);
  }
}

const inChildAsync = (index: number, command: () => Promise<unknown>): Promise<unknown> =>
  command().catch((error: unknown) => {
    throw atChild(index, error);
  });
