import { isKept } from '../../fixes/record.ts'
import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import { recordAudit } from '../../store/audit.ts'
import { readPost } from '../../store/posts.ts'
import { tell } from '../access/asking.ts'
import { denyRaw } from '../access/read-change.ts'
import { diffFile, manifestFiles } from '../answers/change.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { Posts } from '../thread/posts.ts'
import { sendPrivately } from '../thread/send-privately.ts'
import { defineAction } from './action.ts'
import { changeOf } from './change-of.ts'

/**
 * Sends what a change writes, each write under the command that makes it by hand, to who may approve it, and to them alone: what it writes may hold secrets.
 * Anybody else gets the diff, which has none, in the thread.
 */
export const downloadPatch = defineAction({
  name: 'download-patch',
  async run(deps, asking, press) {
    const change = await changeOf(deps, press)
    const denied = await denyRaw(deps, asking.user, change)
    if (denied !== undefined) {
      const before = await readPost(deps.records, change.run, 'file-readable')
      if (before?.state !== 'posted')
        // The same part as the file of a diff that was too long to show.
        await new Posts(deps).file(
          change.run,
          'file-readable',
          {
            channel: change.channel,
            thread: change.thread,
            since: (Date.parse(change.createdAt) / 1000 - 60).toFixed(6),
          },
          diffFile(change),
        )
      const { why, remedies } = denied
      throw new UserError({ why: `The diff is in the thread. ${why}`, remedies, named: denied.named })
    }
    if (!isKept(change)) throw new UserError({ why: 'What it writes is no longer stored.', remedies: AGAIN })
    await recordAudit(deps.records, {
      event: 'patch-sent',
      by: { user: asking.user, ...defined({ team: asking.team }) },
      run: change.run,
      target: change.target,
      facts: { change: change.id },
    })
    const title = change.title.slice(0, 200)
    await sendPrivately(
      deps,
      asking.user,
      noteMessage(`The patch of “${title}”. It may hold secrets of the mesh, so only you get it.`),
      [diffFile(change), ...manifestFiles(change)],
    )
    await tell(deps, asking, noteMessage('The patch was sent to you directly.'))
  },
})

const AGAIN = ['Press “Propose fix” again.']
