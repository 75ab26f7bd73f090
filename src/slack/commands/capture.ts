import { plannedCapture } from '../../capabilities/capture.ts'
import { planCapture } from '../../capture/plan.ts'
import { defined } from '../../mesh/defined.ts'
import { parseTarget } from '../../mesh/target-query.ts'
import { UserError } from '../../mesh/user-error.ts'
import { findTarget } from '../access/find-target.ts'
import { requestFor } from '../thread/ask-diagnosis.ts'
import { startRun } from '../thread/start-run.ts'
import { defineCommand } from './command.ts'
import { flagsText, readArguments } from './words.ts'

const usage = 'capture TARGET [-n NAMESPACE] [--port 3000] [--for 30s] [--interface lo|eth0|any] [--peer IP]'
const EXAMPLES = ['/mesh capture pod/catalog-1 --port 3000', '/mesh capture deploy/catalog --interface eth0 --for 1m']

/** Captures packets of one pod, headers only, and says who closed first. */
export const capture = defineCommand({
  name: 'capture',
  usage,
  about:
    'captures packets of one pod for a while, headers only, and says who closed first and how long after the request',
  asks: ['capture'],
  async run(deps, asking, words) {
    if (words.includes('--payload'))
      throw new UserError({
        why: 'Whole packets are not captured from Slack: what people send each other would stand in the channel.',
        remedies: ['Leave --payload out: headers say who closed first.'],
        commands: ['mesh-medic capture pod/NAME --payload -w FILE'],
      })
    const {
      words: [text, ...more],
      namespace,
      values,
    } = readArguments(words, usage, {
      '--port': { value: 'port' },
      '--for': { value: 'time, 1s to 5m' },
      '--interface': { value: 'interface: lo, eth0 or any' },
      '--peer': { value: 'IP address' },
    })
    if (text === undefined || more.length > 0) throw new UserError({ why: 'It takes one target.', commands: EXAMPLES })
    const first = (flag: string): string | undefined => values[flag]?.[0]
    const plan = planCapture({
      interface: first('--interface'),
      port: first('--port'),
      peer: first('--peer'),
      for: first('--for'),
    })
    const { interface: on, port, peer, seconds } = plan
    const asked = { interface: on, seconds, ...defined({ port, peer }) }
    plannedCapture(asked)
    const target = await findTarget(deps, parseTarget(text, namespace), (found) =>
      ['/mesh capture', found, flagsText(values)].join(' ').trimEnd(),
    )
    return startRun(deps, asking, { ...requestFor({ text, namespace }, target), kind: 'capture', ...asked })
  },
})
