import { refusal } from '../failure.ts';
import { requireText } from '../format/parse.ts';
import {
  readDeletePermission,
  readInsertPermission,
  readSelectPermission,
  readUpdatePermission,
} from '../format/tables.ts';
import { alreadyExists, build, type Command, type Commands, SUCCESS, trackedIn } from './draft.ts';

// Permissions of tables (hasura/README.md, "Commands of the metadata API").

const READERS = {
  select: readSelectPermission,
  insert: readInsertPermission,
  update: readUpdatePermission,
  delete: readDeletePermission,
} as const;
type Kind = keyof typeof READERS;

/** There is no update: an existing permission is dropped first. */
const create =
  (kind: Kind): Command =>
  async (draft, args) => {
    const { tracked, at } = trackedIn(draft, args);
    const permission = READERS[kind](args, '$.args');
    const { role } = permission;
    const key = `${kind}_permissions` as const;
    const known: readonly { role: string }[] = tracked[key] ?? [];
    if (known.some((entry) => entry.role === role))
      throw alreadyExists(`permission already defined on table for role ${role} and ${kind}`);
    Object.assign(tracked, { [key]: [...known, permission] });
    await build(draft, `${kind}_permission ${role} in ${at}`);
    return SUCCESS;
  };

const drop =
  (kind: Kind): Command =>
  async (draft, args) => {
    const { tracked } = trackedIn(draft, args);
    const role = requireText(args, 'role');
    const key = `${kind}_permissions` as const;
    const known: readonly { role: string }[] = tracked[key] ?? [];
    if (!known.some((entry) => entry.role === role))
      throw refusal(
        'permission-denied',
        `${kind} permission on table for role ${role} does not exist`,
        '$.args',
      );
    Object.assign(tracked, { [key]: known.filter((entry) => entry.role !== role) });
    await build(draft, null);
    return SUCCESS;
  };

const KIND_NAMES: readonly Kind[] = ['select', 'insert', 'update', 'delete'];
export const PERMISSION_COMMANDS: Commands = Object.fromEntries(
  KIND_NAMES.flatMap((kind) => [
    [`pg_create_${kind}_permission`, create(kind)],
    [`pg_drop_${kind}_permission`, drop(kind)],
  ]),
);
