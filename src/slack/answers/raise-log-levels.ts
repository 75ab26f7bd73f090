import { raise } from '../../capabilities/raise-log-levels.ts'
import { readLease } from '../../leases/lease-record.ts'
import { leaseMessage } from '../blocks/lease.ts'
import { defineAnswer } from './answer.ts'
import { leaseButtons } from './lease-buttons.ts'
import { leaseLogFiles, leaseReadable } from './lease-files.ts'

/** A lease as its record says now. */
export const raiseAnswer = defineAnswer(raise, {
  doing: 'Raising log levels of',
  async shown({ records }, answer) {
    const lease = await readLease(records, answer.lease)
    if (lease === undefined) throw new Error(`lease ${answer.lease} is gone`)
    return { message: leaseMessage(lease, Date.now(), await leaseButtons(records, lease)), parts: [] }
  },
  full: {
    readable: ({ lease }, run) => leaseReadable(lease, run),
    json: (answer) => answer,
    beside: (records, { lease }) => leaseLogFiles(records, lease),
  },
})
