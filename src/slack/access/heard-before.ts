import type { Log } from '../../queue/log.ts'
import { ConflictError, type Records } from '../../store/records.ts'

/** Slack repeats what it takes for lost, and a signed request can be sent again within five minutes; seconds for which one is remembered. */
const REMEMBERED = 3600

/**
 * True for what was heard already.
 * @param id what Slack gives each event (`event_id`), command and submission (`trigger_id`) once; absent: nothing is known of it
 */
export async function heardBefore(
  { records, log }: { records: Records; log: Log },
  id: string | undefined,
): Promise<boolean> {
  if (id === undefined || id === '') return false
  try {
    await records.write('events', id, {}, { expected: 'absent', expiresInSeconds: REMEMBERED })
    return false
  } catch (err) {
    if (err instanceof ConflictError) {
      log.info({ id }, 'something that Slack sent was heard before')
      return true
    }
    // The store is away; what comes next fails for the same reason and tells the person.
    log.warn({ err }, 'could not see whether something was heard before')
    return false
  }
}
