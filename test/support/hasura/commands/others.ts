import { readCronTrigger, readInheritedRole } from '../format/objects.ts';
import { requireText } from '../format/parse.ts';
import { isSameJson } from '../json.ts';
import { rolesOf } from '../roles.ts';
import { alreadyExists, build, type Commands, notExists, removeFrom, SUCCESS } from './draft.ts';

// Cron triggers and inherited roles (hasura/README.md, "Commands of the metadata API").

export const OTHER_COMMANDS: Commands = {
  /** A change drops the pending events and makes new ones. */
  async create_cron_trigger(draft, { replace, ...args }) {
    const trigger = readCronTrigger(args, '$.args');
    const known = draft.metadata.cron_triggers.find(({ name }) => name === trigger.name);
    if (known !== undefined && replace !== true)
      throw alreadyExists(`cron trigger with name: ${trigger.name} already exists`);
    if (known !== undefined && !isSameJson(known, trigger))
      draft.effects.push(`cron trigger ${trigger.name}: its pending events are dropped`);
    draft.metadata.cron_triggers = [
      ...draft.metadata.cron_triggers.filter((other) => other !== known),
      trigger,
    ];
    await build(draft, null);
    return SUCCESS;
  },

  async delete_cron_trigger(draft, args) {
    const name = requireText(args, 'name');
    draft.metadata.cron_triggers = removeFrom(
      draft.metadata.cron_triggers,
      (trigger) => trigger.name === name,
      () => notExists(`cron trigger with name: "${name}" does not exist`),
    );
    draft.effects.push(`cron trigger ${name}: its pending events are dropped`);
    await build(draft, null);
    return SUCCESS;
  },

  /** A second run overwrites. */
  async add_inherited_role(draft, args) {
    const role = readInheritedRole(args);
    const roles = rolesOf(draft.metadata);
    const missing = role.role_set.filter((parent) => !roles.includes(parent));
    if (missing.length > 0) throw notExists(`the following role(s) do not exist: ${missing.join(', ')}`);
    const others = draft.metadata.inherited_roles.filter(({ role_name: name }) => name !== role.role_name);
    draft.metadata.inherited_roles = [...others, role];
    await build(draft, null);
    return SUCCESS;
  },

  async drop_inherited_role(draft, args) {
    const name = requireText(args, 'role_name');
    draft.metadata.inherited_roles = removeFrom(
      draft.metadata.inherited_roles,
      (role) => role.role_name === name,
      () => notExists(`${name} inherited role doesn't exist`),
    );
    await build(draft, null);
    return SUCCESS;
  },
};
