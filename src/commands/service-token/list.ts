import { listServiceTokens } from '../../flows/admin/manage-service-tokens.ts';
import { operator } from '../../flows/shared/caller.ts';
import type { Subcommand } from '../cli/subcommand.ts';
import { lineOf, toJson } from './token-report.ts';

/** Lists the service tokens, the oldest first. */
export const list: Subcommand = {
  summary: 'Lists the service tokens, also those that ended in the last 30 days.',
  usage: '[options]',
  positionals: [0, 0],
  options: {},
  async run(_given, open) {
    const { deps } = await open();
    const tokens = await listServiceTokens(deps, operator);
    const text =
      tokens.length === 0 ? 'The operator has made no service token.' : tokens.map(lineOf).join('\n');
    return { json: { serviceTokens: tokens.map(toJson) }, text: `${text}\n` };
  },
};
