import { windowAsked } from '../../diagnosis/telemetry/window-asked.ts'
import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import { askedRequest } from '../../timeline/asked-request.ts'
import { findTyped } from '../access/find-target.ts'
import { startRun } from '../thread/start-run.ts'
import { defineCommand } from './command.ts'
import { readArguments } from './words.ts'

const usage = 'timeline TARGET [-n NAMESPACE] [--request-id ID] [--status 504] [--path /items] [--window 5m]'

/** Shows what happened to one request to a target, step by step. */
export const timeline = defineCommand({
  name: 'timeline',
  usage,
  about:
    "shows what happened to one request, step by step, from its proxies' debug logs: the latest that failed, or the one that is named; while log levels are raised it waits for one",
  asks: ['timeline'],
  async run(deps, asking, words) {
    const {
      words: [text, ...more],
      namespace,
      values,
    } = readArguments(words, usage, {
      '--request-id': { value: 'id' },
      '--status': { value: 'code' },
      '--path': { value: 'path' },
      '--window': { value: 'time, 30s to 24h' },
    })
    if (text === undefined || more.length > 0)
      throw new UserError({ why: 'It takes one target.', commands: [`/mesh ${usage}`] })
    const first = (flag: string): string | undefined => values[flag]?.[0]
    const command = `/mesh timeline ${text.slice(0, 60)}`
    const asked = askedRequest(
      { requestId: first('--request-id'), status: first('--status'), path: first('--path') },
      command,
    )
    const typed = first('--window')
    const window = typed === undefined ? undefined : windowAsked(typed, '/mesh timeline')
    await findTyped(deps, text, namespace, (target) =>
      ['/mesh timeline', target, ...words.filter((word) => word.startsWith('--status'))].join(' '),
    )
    await startRun(deps, asking, { kind: 'timeline', text, ...asked, ...defined({ namespace, window }) })
  },
})
