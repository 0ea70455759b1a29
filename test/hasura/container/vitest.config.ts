import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/** The scenarios alone, with the time that an engine in a container needs to start. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/hasura/scenarios/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
