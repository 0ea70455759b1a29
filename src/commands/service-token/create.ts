import { createServiceToken } from '../../flows/admin/manage-service-tokens.ts';
import { operator } from '../../flows/shared/caller.ts';
import { type Subcommand, textOf, UsageError } from '../cli/subcommand.ts';
import { toJson } from './token-report.ts';

const SECONDS_OF = { m: 60, h: 3600, d: 86_400 } as const;

/** Prints a new service token, once. */
export const create: Subcommand = {
  summary: 'Creates a service token and prints it. The gateway does not store it.',
  usage: '--name <text> [options]',
  details: [
    'A server that has the token manages accounts at the GoTrue dialect: /admin, /invite. It is not a user anywhere.',
    'The token ends with its signing key at the latest. To replace it, create another one, and revoke it after the change.',
  ],
  positionals: [0, 0],
  options: {
    name: { type: 'string', description: 'What you call it: the server that gets it.' },
    role: {
      type: 'string',
      value: '<role>',
      description: 'One of GOTRUE_ADMIN_ROLES, by default service_role.',
    },
    expires: {
      type: 'string',
      value: '<time>',
      description: 'How long it lives: 30d, 12h or 45m. By default 90d.',
    },
  },
  async run(given, open) {
    const name = textOf(given, 'name');
    if (name === undefined) throw new UsageError('Give --name: it tells the tokens apart.');
    const ttlSeconds = secondsOf(textOf(given, 'expires') ?? '90d');
    const role = textOf(given, 'role') ?? 'service_role';
    const { deps } = await open();
    const { serviceToken, token } = await createServiceToken(deps, operator, { name, role, ttlSeconds });
    const { id, expiresAt } = serviceToken;
    return {
      json: { ...toJson(serviceToken), token },
      text: `${token}\n\nThe token is not stored: keep it now. Its id is ${id}. It expires at ${expiresAt.toISOString()}.\n`,
    };
  },
};

function secondsOf(text: string): number {
  const parts = /^(?<count>[1-9]\d{0,5})(?<unit>[mhd])$/.exec(text)?.groups;
  if (parts === undefined) throw new UsageError('--expires must be a number and m, h or d: 30d.');
  return Number(parts.count) * SECONDS_OF[parts.unit as keyof typeof SECONDS_OF];
}
