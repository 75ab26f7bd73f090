import { recordAudit, type AuditEvent } from '../store/audit.ts'
import type { Records } from '../store/records.ts'
import type { Log } from '../queue/log.ts'

/** Notes an event; never rejects: what only reads the mesh goes on when the audit cannot be written, and the log says so. */
export type AuditTrail = (event: AuditEvent) => Promise<void>

/** One trail a process: its events are appended one after the other, so that they do not compete for the end of the chain. */
export function auditTrail(records: Records, log: Log): AuditTrail {
  let last: Promise<void> = Promise.resolve()
  return (event) => {
    last = last.then(async () => {
      try {
        await recordAudit(records, { at: new Date().toISOString(), ...event })
      } catch (err) {
        log.error({ err, event: event.event, run: event.run }, 'audit event was not recorded')
      }
    })
    return last
  }
}
