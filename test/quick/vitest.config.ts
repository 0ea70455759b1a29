import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';
import { testsOfFlows } from './flows.ts';

/** Runs only the test files that cover each flow. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [...new Set(Object.values(testsOfFlows).flat())].map((file) => `test/${file}`),
  },
});
