import { revokeServiceToken } from '../../flows/admin/manage-service-tokens.ts';
import { operator } from '../../flows/shared/caller.ts';
import type { Subcommand } from '../cli/subcommand.ts';
import { toJson } from './token-report.ts';

/** Revokes a service token. */
export const revoke: Subcommand = {
  summary: 'Revokes a service token. Every gateway refuses it from now on.',
  usage: '<id> [options]',
  positionals: [1, 1],
  options: {},
  async run({ positionals: [id = ''] }, open) {
    const { deps } = await open();
    const token = await revokeServiceToken(deps, operator, { id });
    return { json: toJson(token), text: `Revoked ${token.name} (${token.id}).\n` };
  },
};
