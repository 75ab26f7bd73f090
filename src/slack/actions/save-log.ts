import { readLeaseLogs } from '../../leases/lease-log.ts'
import { tell } from '../access/asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { UserError } from '../../mesh/user-error.ts'
import { defineAction } from './action.ts'
import { leaseOf } from './lease-of.ts'

/** Milliseconds the proxies have to hand out their logs. */
const PATIENCE = 30_000

/** Puts what the raised proxies have logged so far into the thread; each press makes files of its own. */
export const saveLog = defineAction({
  name: 'save-log',
  async run(deps, asking, press) {
    const lease = await leaseOf(deps, asking, press)
    if (lease.state === 'over')
      return tell(deps, asking, noteMessage('It is over; its logs were put into its thread at the end.'))
    const { files, unread } = await readLeaseLogs(lease, deps.clients, AbortSignal.timeout(PATIENCE))
    if (files.length === 0)
      throw new UserError({
        why: `No log could be read: ${unread.map(({ pod, says }) => `${pod.name}: ${says}`).join('; ') || 'nothing is raised yet'}.`,
        remedies: ['Try again in a moment.'],
      })
    const at = new Date().toISOString().slice(11, 19).replaceAll(':', '')
    for (const { part, name, ...file } of files)
      await deps.board.leaseFile(lease, `${part}-${at}`, { ...file, name: name.replace(/\.log$/, `-${at}.log`) })
    const missed =
      unread.length === 0 ? '' : ` Not read: ${unread.map(({ pod, says }) => `${pod.name}: ${says}`).join('; ')}.`
    await tell(
      deps,
      asking,
      noteMessage(`Saved: ${files.length} ${files.length === 1 ? 'log is' : 'logs are'} in the thread.${missed}`),
    )
  },
})
