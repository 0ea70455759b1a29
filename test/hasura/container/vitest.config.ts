import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/**
 * The scenarios alone, with the time that an engine in a container needs to start. They run in one worker, since each worker
 * would open its own tunnel for the container, and the first worker to end would close the tunnels of the others.
 */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/hasura/scenarios/**/*.test.ts'],
    maxWorkers: 1,
    isolate: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
