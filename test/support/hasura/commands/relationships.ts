import { refusal } from '../failure.ts';
import { requireText } from '../format/parse.ts';
import { readArrayRelationship, readObjectRelationship, readRemoteRelationship } from '../format/tables.ts';
import { namesIn } from '../table-access.ts';
import { cascadeOrRefuse, permissionsBy } from './dependents.ts';
import { build, type Command, type Commands, notExists, removeFrom, SUCCESS, trackedIn } from './draft.ts';

// Relationships (hasura/README.md, "Commands of the metadata API").

const KINDS = {
  object: { key: 'object_relationships', read: readObjectRelationship, type: 'object_relation' },
  array: { key: 'array_relationships', read: readArrayRelationship, type: 'array_relation' },
} as const;

const create =
  (kind: keyof typeof KINDS): Command =>
  async (draft, args) => {
    const { source, tracked, at } = trackedIn(draft, args);
    const { key, read, type } = KINDS[kind];
    const relationship = read(args);
    const { name } = relationship;
    const known = [...(tracked.object_relationships ?? []), ...(tracked.array_relationships ?? [])];
    const open = draft.state.sources.get(source.name);
    const taken = open === undefined ? [] : namesIn(open, tracked);
    if (known.some((other) => other.name === name) || taken.includes(name))
      throw refusal('already-exists', `field with name "${name}" already exists in table`, '$.args');
    Object.assign(tracked, { [key]: [...(tracked[key] ?? []), relationship] });
    await build(draft, `${type} ${name} in ${at}`);
    return SUCCESS;
  };

const remote =
  (isUpdate: boolean): Command =>
  async (draft, args) => {
    const { tracked, at } = trackedIn(draft, args);
    const relationship = readRemoteRelationship(args);
    const known = tracked.remote_relationships ?? [];
    const isKnown = known.some(({ name }) => name === relationship.name);
    if (isUpdate && !isKnown) throw notExists(`relationship ${relationship.name} does not exist`);
    tracked.remote_relationships = [...known.filter(({ name }) => name !== relationship.name), relationship];
    await build(draft, `remote_relationship ${relationship.name} in ${at}`);
    return SUCCESS;
  };

export const RELATIONSHIP_COMMANDS: Commands = {
  pg_create_object_relationship: create('object'),
  pg_create_array_relationship: create('array'),

  async pg_drop_relationship(draft, args) {
    const { tracked } = trackedIn(draft, args);
    const name = requireText(args, 'relationship');
    const isIt = (relationship: { name: string }) => relationship.name === name;
    const kind = tracked.object_relationships?.some(isIt) ? 'object' : 'array';
    const { key } = KINDS[kind];
    const missing = () => notExists(`relationship "${name}" does not exist`);
    const left = removeFrom<{ name: string }>(tracked[key], isIt, missing);
    cascadeOrRefuse(permissionsBy(tracked, name), args.cascade);
    Object.assign(tracked, { [key]: left });
    await build(draft, null);
    return SUCCESS;
  },

  /** A second run overwrites. */
  pg_create_remote_relationship: remote(false),
  pg_update_remote_relationship: remote(true),

  async pg_delete_remote_relationship(draft, args) {
    const { tracked } = trackedIn(draft, args);
    const name = requireText(args, 'name');
    tracked.remote_relationships = removeFrom(
      tracked.remote_relationships,
      (relationship) => relationship.name === name,
      () => notExists(`relationship ${name} does not exist`),
    );
    await build(draft, null);
    return SUCCESS;
  },
};
