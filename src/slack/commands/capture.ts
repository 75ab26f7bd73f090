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

const usage =
  'capture TARGET [-n NAMESPACE] [--port 3000] [--for 30s] [--interface lo|eth0|any] [--peer IP] [--filter "port 3000"] [--payload]'
const EXAMPLES = ['/mesh capture pod/catalog-1 --port 3000', '/mesh capture deploy/catalog --interface eth0 --for 1m']

/** Captures packets of one pod, once it is approved, and says who closed first. */
export const capture = defineCommand({
  name: 'capture',
  usage,
  about:
    'captures packets of one pod for a while, once an operator has approved it, and says who closed first and how long after the request; headers only, payload with a second approval',
  asks: ['capture'],
  async run(deps, asking, words) {
    const {
      words: [text, ...more],
      namespace,
      values,
    } = readArguments(words, usage, {
      '--port': { value: 'port' },
      '--for': { value: 'time, 1s to 5m' },
      '--interface': { value: 'interface: lo, eth0 or any' },
      '--peer': { value: 'IP address' },
      '--filter': { value: 'filter, as "port 3000 and host 10.1.2.3"' },
      '--payload': {},
    })
    if (text === undefined || more.length > 0) throw new UserError({ why: 'It takes one target.', commands: EXAMPLES })
    const first = (flag: string): string | undefined => values[flag]?.[0]
    const plan = planCapture({
      interface: first('--interface'),
      port: first('--port'),
      peer: first('--peer'),
      for: first('--for'),
      filter: first('--filter'),
      payload: values['--payload'] !== undefined,
    })
    const { interface: on, port, peer, seconds } = plan
    const asked = {
      interface: on,
      seconds,
      ...defined({ port, peer }),
      ...(values['--payload'] !== undefined && { payload: true }),
    }
    plannedCapture(asked)
    const { '--filter': _filter, ...flags } = values
    const again = flagsText({
      ...flags,
      ...(port !== undefined && { '--port': [String(port)] }),
      ...(peer !== undefined && { '--peer': [peer] }),
    })
    const target = await findTarget(deps, parseTarget(text, namespace), (found) =>
      ['/mesh capture', found, again].join(' ').trimEnd(),
    )
    return startRun(deps, asking, { ...requestFor({ text, namespace }, target), kind: 'capture', ...asked })
  },
})
