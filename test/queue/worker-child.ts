import pino from 'pino'
import { openBackend } from '../../src/queue/open-backend.ts'
import type { Stall } from '../../src/queue/worker.ts'

/** What a test tells this process, as JSON in its first argument. */
export interface ChildOrder {
  redisUrl?: string
  dataFolder: string
  stall: Stall
}

// A worker that begins its jobs, says so, and never finishes them: to be killed.
const order = JSON.parse(process.argv[2] ?? '') as ChildOrder
const log = pino({ level: 'silent' })
const backend = await openBackend({ ...order, log })
backend.openWorker({
  log,
  stall: order.stall,
  process: async ({ run }) => {
    await backend.records.append('marks', `begun ${run} in the child`)
    process.send?.(run)
    await new Promise(() => {})
  },
})
