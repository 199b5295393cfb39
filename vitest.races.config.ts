import { defineConfig } from 'vitest/config'

/** Hundreds of snapshots on each engine while others write: slow, and not part of `npm test`, which has a short form. */
export default defineConfig({
  test: {
    include: ['test/races/**/*.race.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'threads',
    isolate: false,
    testTimeout: 1_800_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
  },
})
