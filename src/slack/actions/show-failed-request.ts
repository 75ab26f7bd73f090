import { z } from 'zod'
import { readLease } from '../../leases/lease-record.ts'
import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import { startRun } from '../thread/start-run.ts'
import { defineAction } from './action.ts'

const OfLease = z.object({ lease: z.string() })

/** Tells a request that failed while log levels are raised; waits for one until they are put back. Whoever may ask for a timeline may press it. */
export const showFailedRequest = defineAction({
  name: 'show-failed-request',
  asks: ['timeline'],
  async run(deps, asking, press) {
    const lease = await readLease(deps.records, OfLease.parse(press.button.payload).lease)
    if (lease === undefined)
      throw new UserError({
        why: 'This lease is no longer known: leases are kept for 30 days.',
        commands: ['/mesh leases'],
      })
    const { id, asked, thread } = lease
    await startRun(
      deps,
      { ...asking, ...defined({ thread }) },
      { kind: 'timeline', text: asked.text, ...defined({ namespace: asked.namespace }), lease: id },
    )
  },
})
