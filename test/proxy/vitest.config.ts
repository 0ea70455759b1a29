import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

/** The tests that need nginx, on the same throwaway Postgres. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: ['test/proxy/**/*.test.ts'], exclude: [] },
});
