import type { Subcommand } from '../cli/subcommand.ts';
import { disable, dropSecondFactors, enable, endSessions, remove, sendReset } from './account-actions.ts';
import { clashes } from './clashes.ts';
import { create } from './create.ts';
import { importUsers } from './import/import.ts';
import { invite } from './invite.ts';
import { list } from './list.ts';
import { setRoles } from './set-roles.ts';
import { show } from './show.ts';
import { update } from './update.ts';

/** The subcommands of `npm run users`, in the order of `--help`. A new one takes a file in this folder and a line here. */
export const subcommands: Readonly<Record<string, Subcommand>> = {
  create,
  invite,
  list,
  show,
  update,
  disable,
  enable,
  delete: remove,
  'set-roles': setRoles,
  'end-sessions': endSessions,
  'remove-second-factors': dropSecondFactors,
  'send-reset': sendReset,
  import: importUsers,
  clashes,
};
