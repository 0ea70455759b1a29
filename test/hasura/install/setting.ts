import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import {
  type ForeignApplication,
  startForeignApplication,
} from '../../support/hasura/foreign/application.ts';
import type { Clash } from '../../support/hasura/foreign/metadata.ts';
import { backupFolder, type Run, runInstall } from './command.ts';

export type EngineSetting = {
  clashes?: Clash[];
  env?: Record<string, string | null>;
  /** Metadata in place of those of the foreign application. */
  metadata?: object;
};

export type Setting = {
  gateway: TestGateway;
  folder: Awaited<ReturnType<typeof backupFolder>>;
  /** Starts an engine with the foreign application, and nothing of ours. */
  startForeign(setting?: EngineSetting): Promise<{ engine: Engine; application: ForeignApplication }>;
  /** Runs the installer with the gateway's variables. */
  install(engine: Pick<Engine, 'url' | 'adminSecret'>, ...args: string[]): Promise<Run>;
  /** Closes something at the end. */
  closes<T extends { close(): Promise<void> }>(resource: T): T;
  close(): Promise<void>;
};

/** A gateway, and engines that run the application of another team. */
export async function createSetting(): Promise<Setting> {
  const gateway = await startGateway();
  const folder = await backupFolder();
  const closing: { close(): Promise<void> }[] = [];
  const closes = <T extends { close(): Promise<void> }>(resource: T): T => {
    closing.push(resource);
    return resource;
  };
  return {
    ...{ gateway, folder, closes },
    async startForeign({ clashes, env = {}, metadata } = {}) {
      const application = closes(await startForeignApplication(clashes));
      const engine = await startEngine({
        gateway,
        databaseUrl: gateway.databaseUrl,
        metadata: metadata ?? application.metadata,
        env: { ...application.env, ...env },
      });
      return { engine: closes(engine), application };
    },
    install: (engine, ...args) => runInstall(engine, args, { gateway, cwd: folder.path }),
    async close() {
      for (const resource of closing.reverse()) await resource.close();
      await gateway.close();
      await folder.remove();
    },
  };
}
