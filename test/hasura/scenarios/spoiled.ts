import { expect } from 'vitest';
import type { TestGateway } from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import type { Metadata } from '../../support/hasura/metadata.ts';
import type { TrackedTable } from '../../support/hasura/metadata-types.ts';
import { type Frontend, frontend } from './frontend.ts';

export type Spoil = (metadata: Metadata) => void;

/** Runs `play` with a Hasura that has spoiled metadata, in front of an intact gateway. */
export async function withSpoiled(
  gateway: TestGateway,
  spoil: Spoil,
  play: (engine: Engine) => Promise<void>,
): Promise<void> {
  const engine = await startEngine({ gateway, databaseUrl: gateway.databaseUrl, spoil });
  try {
    await play(engine);
  } finally {
    await engine.close();
  }
}

export const adminOf = ({ url, adminSecret }: Engine): Frontend =>
  frontend(url, { 'x-hasura-admin-secret': adminSecret });
export const anonymousAt = ({ url }: Engine): Frontend => frontend(url, {});

/** The names of the inconsistent objects, without the reasons. */
export const namesOf = async (engine: Engine): Promise<string[]> =>
  (await engine.inconsistent()).map((line) => line.replace(/: .*/s, ''));

export function table({ tables }: Metadata, name: string): TrackedTable {
  const found = tables.find((tracked) => tracked.table.name === name);
  return found ?? expect.fail(`${name} is not tracked.`);
}

export const first = <Item>(items: readonly Item[] | undefined): Item =>
  items?.[0] ?? expect.fail('The list is empty.');
