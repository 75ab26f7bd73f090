import { windowAsked } from '../../diagnosis/telemetry/window-asked.ts'
import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import { findTyped } from '../access/find-target.ts'
import { startRun } from '../thread/start-run.ts'
import { defineCommand } from './command.ts'
import { readArguments } from './words.ts'

const usage = 'telemetry TARGET [-n NAMESPACE] [--window 5m]'

/** Shows what Prometheus counted at both ends of a target's requests. */
export const telemetry = defineCommand({
  name: 'telemetry',
  usage,
  about:
    'shows what Prometheus counted at both ends of the requests to a target: success rate, latency, pods, and since when requests fail',
  asks: ['telemetry'],
  async run(deps, asking, words) {
    const {
      words: [text, ...more],
      namespace,
      values,
    } = readArguments(words, usage, { '--window': { value: 'time, 30s to 24h' } })
    if (text === undefined) throw new UserError({ why: 'No target was given.', commands: [`/mesh ${usage}`] })
    if (more.length > 0)
      throw new UserError({
        why: `One target at a time: ${JSON.stringify(more[0]?.slice(0, 60))} is one too many.`,
        commands: [`/mesh ${usage}`],
      })
    const [typed] = values['--window'] ?? []
    const window = typed === undefined ? undefined : windowAsked(typed, '/mesh telemetry')
    await findTyped(deps, text, namespace, (target) =>
      ['/mesh telemetry', target, ...(typed === undefined ? [] : ['--window', typed])].join(' '),
    )
    await startRun(deps, asking, { kind: 'telemetry', text, ...defined({ namespace, window }) })
  },
})
