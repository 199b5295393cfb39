import { defineConfig } from 'vitest/config'

/** The databases of others, from outside the repository: slow, and not part of `npm test`. */
export default defineConfig({
  test: {
    include: ['test/corpora/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'threads',
    isolate: false,
    testTimeout: 600_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
  },
})
