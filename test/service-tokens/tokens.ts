import { runServiceTokenCommand } from '../../src/commands/service-token/run.ts';
import { runOn } from '../operators/command.ts';
import type { TestGateway } from '../support/gateway.ts';

type Deps = Pick<TestGateway, 'deps'>;

/** Runs `npm run service-token` on the database of a gateway. */
export const serviceToken = (gateway: Deps, args: readonly string[]) =>
  runOn(gateway, runServiceTokenCommand, args);

/** The JSON that a subcommand prints. It must succeed. */
export async function serviceTokenJson<T>(gateway: Deps, args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await serviceToken(gateway, [...args, '--json']);
  if (code !== 0) throw new Error(`The command ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

export type CreatedToken = {
  id: string;
  name: string;
  role: string;
  token: string;
  createdAt: string;
  expiresAt: string;
  revokedAt: string | null;
  lastUsedAt: string | null;
};

export const createServiceToken = (gateway: Deps, args: readonly string[] = []): Promise<CreatedToken> =>
  serviceTokenJson<CreatedToken>(gateway, ['create', '--name', 'backend', ...args]);
