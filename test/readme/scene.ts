import { vi } from 'vitest';
import { openStage, type Stage } from './stage.ts';
import { type Browser, memoryStorage, startBrowser } from './tabs.ts';

/** A browser, Hasura and the gateway. */
export type Scene = {
  stage: Stage;
  openTab: Browser['openTab'];
  /** Signs everyone out and forgets the recorded requests, between tests. */
  reset(): void;
  close(): Promise<void>;
};

export async function openScene(env?: Record<string, string>): Promise<Scene> {
  const storage = memoryStorage();
  vi.stubGlobal('localStorage', storage);
  const stage = await openStage(env);
  const { openTab, close } = startBrowser(stage.hasuraUrl);
  return {
    stage,
    openTab,
    reset() {
      storage.clear();
      stage.recorder.script(null);
      stage.recorder.seen.length = 0;
    },
    async close() {
      vi.unstubAllGlobals();
      await close();
      await stage.close();
    },
  };
}
