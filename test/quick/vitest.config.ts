import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';
import { testsOfFlows } from './flows.ts';

/** The test files that cover each flow, and no others. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [...new Set(Object.values(testsOfFlows).flat())].map((file) => `test/${file}`),
  },
});
