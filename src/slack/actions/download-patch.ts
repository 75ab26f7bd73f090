import { readPost } from '../../store/posts.ts'
import { tell } from '../access/asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { diffFile, manifestFiles } from '../answers/change.ts'
import { Posts } from '../thread/posts.ts'
import { defineAction } from './action.ts'
import { changeOf } from './change-of.ts'

/** Puts the change into the thread as files: the diff, and what it writes, each under the command that makes it by hand; once. */
export const downloadPatch = defineAction({
  name: 'download-patch',
  async run(deps, asking, press) {
    const change = await changeOf(deps, press)
    const before = await readPost(deps.records, change.run, 'file-yaml')
    if (before?.state === 'posted') return tell(deps, asking, noteMessage('The patch is in the thread already.'))
    const posts = new Posts(deps)
    const place = {
      channel: change.channel,
      thread: change.thread,
      since: (Date.parse(change.createdAt) / 1000 - 60).toFixed(6),
    }
    // The same part as the file of a diff that was too long to show.
    await posts.file(change.run, 'file-readable', place, diffFile(change))
    for (const [index, file] of manifestFiles(change).entries())
      await posts.file(change.run, index === 0 ? 'file-yaml' : `file-yaml-${index + 1}`, place, file)
  },
})
