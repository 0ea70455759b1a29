import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Engine, type EngineOptions, startEngine } from '../support/hasura/engine.ts';
import { type ForeignApplication, startForeignApplication } from '../support/hasura/foreign/application.ts';
import type { Clash } from '../support/hasura/foreign/metadata.ts';
import { readMetadata, toEngineMetadata } from '../support/hasura/metadata.ts';
import { askMetadata, exportMetadata, type MetadataAnswer } from '../support/hasura/metadata-client.ts';
import type { EngineMetadata } from '../support/hasura/metadata-types.ts';
import { type Frontend, frontend } from './scenarios/frontend.ts';

export type ForeignStage = {
  gateway: TestGateway;
  application: ForeignApplication;
  engine: Engine;
  /** Sends a command to the metadata API. */
  ask(
    type: string,
    args: unknown,
    more?: { version?: number; resource_version?: number },
  ): Promise<MetadataAnswer>;
  /** The present metadata, to be changed in a copy. */
  metadata(): Promise<EngineMetadata>;
  version(): Promise<number>;
  replace(metadata: object, allowsInconsistent?: boolean): Promise<MetadataAnswer>;
  as(role: string, variables?: Record<string, string>): Frontend;
  close(): Promise<void>;
};

/** An engine with the application of another team, and a gateway that it does not know yet: its own, or one that tests share. */
export async function openForeignStage(
  clashes: readonly Clash[] = [],
  { gateway: shared, ...options }: Partial<Omit<EngineOptions, 'gateway'>> & { gateway?: TestGateway } = {},
): Promise<ForeignStage> {
  const gateway = shared ?? (await startGateway());
  const closeGateway = async () => {
    if (shared === undefined) await gateway.close();
  };
  const application = await startForeignApplication(clashes);
  const engine = await startEngine({
    ...{ gateway, databaseUrl: gateway.databaseUrl, metadata: application.metadata, ...options },
    env: { ...application.env, ...options.env },
  }).catch(async (error: unknown) => {
    await application.close();
    await closeGateway();
    throw error;
  });
  const ask: ForeignStage['ask'] = (type, args, more = {}) => askMetadata(engine, { type, args, ...more });
  return {
    ...{ gateway, application, engine, ask },
    metadata: async () => (await exportMetadata(engine)).metadata as EngineMetadata,
    version: async () => (await exportMetadata(engine)).version,
    replace: (metadata, allowsInconsistent = false) =>
      ask('replace_metadata', { allow_inconsistent_metadata: allowsInconsistent, metadata }, { version: 2 }),
    as: (role, variables = {}) =>
      frontend(engine.url, {
        'x-hasura-admin-secret': engine.adminSecret,
        'x-hasura-role': role,
        ...variables,
      }),
    async close() {
      await engine.close();
      await application.close();
      await closeGateway();
    },
  };
}

/** The shipped metadata beside those of an application, as an installation leaves them. */
export async function withOurs(theirs: EngineMetadata): Promise<EngineMetadata> {
  const ours = toEngineMetadata(await readMetadata());
  return {
    ...theirs,
    sources: [...theirs.sources, ...ours.sources],
    remote_schemas: [...(theirs.remote_schemas ?? []), ...ours.remote_schemas],
    actions: [...(theirs.actions ?? []), ...ours.actions],
    cron_triggers: [...(theirs.cron_triggers ?? []), ...ours.cron_triggers],
    custom_types: {
      ...theirs.custom_types,
      input_objects: [
        ...(theirs.custom_types?.input_objects ?? []),
        ...(ours.custom_types.input_objects ?? []),
      ],
      objects: [...(theirs.custom_types?.objects ?? []), ...(ours.custom_types.objects ?? [])],
    },
  };
}
