import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Workers and the processes that tests start need not strip and compile the same source at each run. Test files are kept anew each time.
const compiled = join(import.meta.dirname, 'node_modules', '.cache', 'mesh-medic', 'compiled')
if (existsSync(compiled) && readdirSync(compiled, { recursive: true }).length > 8000)
  // Another run may be filling it.
  rmSync(compiled, { recursive: true, force: true, maxRetries: 5 })
process.env.NODE_COMPILE_CACHE ??= compiled

// What one worker has diagnosed of a recording, the other need not: within one run the code is the same.
if (process.argv.includes('run')) {
  const replays = mkdtempSync(join(tmpdir(), 'mesh-medic-replays-'))
  process.env.MESH_MEDIC_TEST_REPLAYS = replays
  process.once('exit', () => rmSync(replays, { recursive: true, force: true }))
}

/**
 * Files in the order in which they start; within a group the longest go first, where that is known. Starting a process costs the more the
 * larger the one that starts it, and tests fill theirs with recordings. The longest file of all must not be the last. The rest of the long
 * files, so that the workers end together.
 */
const ORDER = [
  /\/test\/(?:cli|scripts|queue)\/|\/test\/(?:main\.test|packed\.sweep\.test|walls\.sweep\.test)\.ts$|\/redis/,
  /\/test\/diagnosis\/cluster-domain\.sweep\.test\.ts$/,
  /\/test\/(?:scenarios|evidence\/redaction|checks\/checks|diagnosis\/(?:examine|follow)|slack\/\w+|slack\/blocks\/\w+)\.test\.ts$/,
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const group = ({ moduleId }: TestSpecification): number => {
      const found = ORDER.findIndex((pattern) => pattern.test(moduleId))
      return found === -1 ? ORDER.length : found
    }
    return sorted.toSorted((one, other) => group(one) - group(other))
  }
}

const SWEEPS = 'test/**/*.sweep.test.ts'

/** What needs this machine only. */
const HERE = {
  // Each worker opens PGlite: compiling the database's hot functions once more, optimised, costs more than the tests' few queries gain by it.
  execArgv: ['--wasm-tiering-budget=500000000'],
  // Starting a process costs the more the larger the one that starts it: threads share one, which grows twice as large.
  pool: 'forks',
  isolate: false,
  // Node runs the TypeScript itself, as it does in use; no test replaces a module.
  experimental: { viteModuleRunner: false, nodeLoader: false },
  // Long, because they only end what hangs: a machine may be busy with something else.
  testTimeout: 600_000,
  hookTimeout: 600_000,
  expect: { poll: { timeout: 120_000 } },
} satisfies TestProjectInlineConfiguration['test']

export default defineConfig({
  test: {
    // Many tests wait for child processes and clocks: one worker more than there are cores.
    maxWorkers: Math.max(3, availableParallelism() + 1),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...HERE,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [SWEEPS, 'test/live/**', 'test/bench/**'],
        },
      },
      // All recordings in other clusters, wrong types by the hundred, a browser: a minute of its own, for continuous integration.
      { test: { ...HERE, name: 'sweep', include: [SWEEPS] } },
      // A real cluster is sometimes slow: each situation may be made twice.
      {
        test: {
          name: 'live',
          retry: 1,
          include: ['test/live/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          // What takes time is waiting for pods.
          maxConcurrency: 2,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
