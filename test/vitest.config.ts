import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The helpers' driver would read them: a test's database is the one that its URL names, independent of the shell.
for (const name of Object.keys(process.env)) if (/^PG(?!BOUNCER)/.test(name)) delete process.env[name];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: {
    // Vite would give our files graphql's .mjs build while its dependants in node_modules get the .js one: two
    // modules whose classes do not recognise each other. Node itself loads one.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/pooler/**', 'test/proxy/**'],
    globalSetup: ['test/support/postgres.ts'],
    pool: 'threads',
    // More than processors: tests often wait for other processes, for mails and for time to pass.
    maxWorkers: 5,
    // Files share what they import, which takes longer to load than most of them to run. What a test changes it restores.
    isolate: false,
    // Bounds for what hangs: on a busy machine a test that passes may take many times as long as on an idle one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
