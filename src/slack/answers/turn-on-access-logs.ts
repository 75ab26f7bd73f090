import { turnOnAccessLogs } from '../../capabilities/turn-on-access-logs.ts'
import { readLease } from '../../leases/lease-record.ts'
import { leaseMessage } from '../blocks/lease.ts'
import { defineAnswer } from './answer.ts'
import { leaseButtons } from './lease-buttons.ts'
import { leaseLogFiles, leaseReadable } from './lease-files.ts'

/** A lease of access logs as its record says now. */
export const turnOnAccessLogsAnswer = defineAnswer(turnOnAccessLogs, {
  doing: 'Turning on access logs of',
  subject: ({ workload, text }) => workload ?? text,
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
