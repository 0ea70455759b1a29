import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/**
 * The scenarios alone, with the time that an engine in a container needs to start. All in one worker: each would open a
 * tunnel of its own for the container, and the first one to end would take along what the others use of it.
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
