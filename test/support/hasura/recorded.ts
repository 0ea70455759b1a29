import { startGateway, type TestGateway } from '../gateway.ts';
import { type Engine, type EngineOptions, startEngine } from './engine.ts';
import { type Recorder, startRecorder } from './recorder.ts';

/** A gateway, Hasura before it, and between them a recorder. */
export type RecordedHasura = {
  gateway: TestGateway;
  recorder: Recorder;
  engine: Engine;
  /** Nothing is scripted, and nothing was seen. */
  reset(): void;
  close(): Promise<void>;
};

export async function startRecordedHasura(options: Partial<EngineOptions> = {}): Promise<RecordedHasura> {
  const gateway = await startGateway();
  const recorder = await startRecorder(gateway.url);
  const engine = await startEngine({
    gateway: { url: recorder.url, secret: gateway.secret },
    databaseUrl: gateway.databaseUrl,
    ...options,
  });
  return {
    ...{ gateway, recorder, engine },
    reset() {
      recorder.script(null);
      recorder.seen.length = 0;
    },
    async close() {
      await engine.close();
      await recorder.close();
      await gateway.close();
    },
  };
}
