import { clashes } from './clashes.ts';
import { importUsers } from './import/import.ts';
import type { Subcommand } from './subcommand.ts';

/** The subcommands of `npm run users`, in the order of `--help`. A new one takes a file in this folder and a line here. */
export const subcommands: Readonly<Record<string, Subcommand>> = {
  import: importUsers,
  clashes,
};
