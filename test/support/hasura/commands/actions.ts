import { readAction, readCustomTypes } from '../format/objects.ts';
import { requireText } from '../format/parse.ts';
import type { Action } from '../metadata-types.ts';
import { alreadyExists, build, type Commands, type Draft, notExists, removeFrom, SUCCESS } from './draft.ts';

// Actions and their types (hasura/README.md, "Commands of the metadata API").

function actionIn({ metadata }: Draft, name: string): Action {
  const found = metadata.actions.find((action) => action.name === name);
  if (found === undefined) throw notExists(`action with name "${name}" does not exist`);
  return found;
}

export const ACTION_COMMANDS: Commands = {
  /** Replaces the types of all actions. */
  async set_custom_types(draft, args) {
    draft.metadata.custom_types = readCustomTypes(args, '$.args');
    await build(draft, 'custom_types custom_types');
    return SUCCESS;
  },

  /** Only among consistent actions: another one of the name is overwritten. */
  async create_action(draft, args) {
    const { permissions: _, ...action } = readAction(args, '$.args');
    if (draft.state.actions.some(({ name }) => name === action.name))
      throw alreadyExists(`action with name "${action.name}" already exists`);
    draft.metadata.actions = [...draft.metadata.actions.filter(({ name }) => name !== action.name), action];
    await build(draft, `action ${action.name}`);
    return SUCCESS;
  },

  async update_action(draft, args) {
    const { permissions: _, ...given } = readAction(args, '$.args');
    const { permissions } = actionIn(draft, given.name);
    draft.metadata.actions = draft.metadata.actions.map((action) =>
      action.name === given.name ? { ...given, ...(permissions && { permissions }) } : action,
    );
    await build(draft, `action ${given.name}`);
    return SUCCESS;
  },

  async drop_action(draft, args) {
    const action = actionIn(draft, requireText(args, 'name'));
    if (args.clear_data !== false) draft.effects.push(`action ${action.name}: its log is cleared`);
    draft.metadata.actions = draft.metadata.actions.filter((other) => other !== action);
    await build(draft, null);
    return SUCCESS;
  },

  async create_action_permission(draft, args) {
    const action = actionIn(draft, requireText(args, 'action'));
    const role = requireText(args, 'role');
    const known = action.permissions ?? [];
    if (known.some((entry) => entry.role === role))
      throw alreadyExists(`permission for role "${role}" is already defined on "${action.name}"`);
    action.permissions = [...known, { role }];
    await build(draft, null);
    return SUCCESS;
  },

  async drop_action_permission(draft, args) {
    const action = actionIn(draft, requireText(args, 'action'));
    const role = requireText(args, 'role');
    action.permissions = removeFrom(
      action.permissions,
      (entry) => entry.role === role,
      () => notExists(`permission for role "${role}" is not defined on "${action.name}"`),
    );
    await build(draft, null);
    return SUCCESS;
  },
};
