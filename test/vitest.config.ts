import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: {
    // Vite would give our files graphql's .mjs build while its dependants in node_modules get the .js one: two
    // modules whose classes do not recognise each other. Node itself loads one.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/proxy/**'],
    globalSetup: ['test/support/postgres.ts'],
    pool: 'threads',
    maxWorkers: 2,
    // Bounds for what hangs: on a busy machine a test that passes may take many times as long as on an idle one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
