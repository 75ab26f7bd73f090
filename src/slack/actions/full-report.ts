import { capabilityOf } from '../../capabilities/index.ts'
import { keptAnswer } from '../../capabilities/kept-answer.ts'
import { readPost } from '../../store/posts.ts'
import { jsonFile } from '../answers/file.ts'
import { answerOf } from '../answers/index.ts'
import { tell } from '../access/asking.ts'
import { noteMessage } from '../blocks/refusal.ts'
import { Posts } from '../thread/posts.ts'
import { UserError } from '../../mesh/user-error.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

/** Puts the whole report into the thread, to read and for programs; once. */
export const fullReport = defineAction({
  name: 'full-report',
  async run(deps, asking, press) {
    const run = await runOf(deps, press)
    const { full } = answerOf(run.request)
    const shape = capabilityOf(run.request.kind)?.answer
    const answer = shape && (await keptAnswer(deps.records, run.id, shape))
    if (answer === undefined || full === undefined)
      throw new UserError({
        why: 'That report is no longer stored.',
        commands: [`/mesh ${run.request.kind} ${run.request.text}`.trim()],
      })
    const before = await readPost(deps.records, run.id, 'file-json')
    if (before?.state === 'posted') return tell(deps, asking, noteMessage('The full report is already in the thread.'))
    const posts = new Posts(deps)
    const place = {
      channel: run.channel,
      thread: run.thread,
      since: (Date.parse(run.createdAt) / 1000 - 60).toFixed(6),
    }
    await posts.file(run.id, 'file-readable', place, full.readable(answer, run, deps.telling))
    for (const [index, file] of ((await full.beside?.(deps.records, answer)) ?? []).entries())
      await posts.file(run.id, `file-kept-${index}`, place, file)
    await posts.file(run.id, 'file-json', place, jsonFile(full.json(answer), run))
  },
})
