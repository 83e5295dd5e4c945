import { defineConfig } from 'vitest/config'

/** One run for everything. Tests start real nodes and real peers on a two-core machine: few files at a time, generous limits. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default'],
  },
})
