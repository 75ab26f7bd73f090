import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Starting a process costs the more the larger the one that starts it, and tests fill theirs with recordings: these go first. */
const STARTS_PROCESSES = /\/test\/(?:cli|scripts|queue)\/|\/test\/(?:main|packed|walls)\.test\.ts$|\/redis/

class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const late = (file: TestSpecification): number => (STARTS_PROCESSES.test(file.moduleId) ? 0 : 1)
    return sorted.toSorted((one, other) => late(one) - late(other))
  }
}

export default defineConfig({
  test: {
    // Many tests wait for child processes and clocks: one worker a core, not one fewer.
    maxWorkers: Math.max(2, availableParallelism()),
    sequence: { sequencer: ProcessesFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/live/**', 'test/bench/**'],
          pool: 'threads',
          isolate: false,
          // Long, because they only end what hangs: a machine may be busy with something else.
          testTimeout: 60_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
      // A real cluster is sometimes slow: each situation may be made twice.
      {
        test: {
          name: 'live',
          retry: 1,
          include: ['test/live/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
