import { isProviderName } from '../../fixes/lent-telemetry.ts'
import { parseMinutes } from '../../leases/minutes.ts'
import { requireMinutes } from '../../leases/raise.ts'
import { defined } from '../../mesh/defined.ts'
import { parseTarget } from '../../mesh/target-query.ts'
import { UserError } from '../../mesh/user-error.ts'
import { findTarget } from '../access/find-target.ts'
import { requestFor } from '../thread/ask-diagnosis.ts'
import { startRun } from '../thread/start-run.ts'
import { defineCommand } from './command.ts'
import { flagsText, readArguments } from './words.ts'

const usage = 'access-log TARGET [on] [-n NAMESPACE] [--for 10m] [--provider NAME]'
const EXAMPLES = ['/mesh access-log catalog', '/mesh access-log deploy/catalog on --for 10m']

/** Shows which workloads of a target log their requests, or turns on the access logs of one for a while. */
export const accessLog = defineCommand({
  name: 'access-log',
  usage,
  about: 'shows whether a target’s proxies log their requests, or turns on the access logs of one workload for a while',
  asks: ['turn-on-access-logs', 'access-logs'],
  async run(deps, asking, words) {
    const {
      words: [text, ...rest],
      namespace,
      values,
    } = readArguments(words, usage, {
      '--for': { value: 'time, like 10m' },
      '--provider': { value: 'provider of the mesh configuration' },
    })
    if (text === undefined) throw new UserError({ why: 'No target was given.', commands: EXAMPLES })
    const isOn = rest.length === 1 && rest[0]?.toLowerCase() === 'on'
    if (rest.length > 0 && !isOn)
      throw new UserError({ why: `${JSON.stringify(rest.join(' ').slice(0, 60))} is not "on".`, commands: EXAMPLES })
    const [typed] = values['--for'] ?? []
    const [provider] = values['--provider'] ?? []
    if (!isOn && (typed !== undefined || provider !== undefined))
      throw new UserError({ why: 'Access logs are turned on only by the word "on".', commands: EXAMPLES })
    const minutes = typed === undefined ? undefined : parseMinutes(typed)
    if (minutes !== undefined) requireMinutes(minutes, deps.policy.leases.minutes)
    if (provider !== undefined && !isProviderName(provider))
      throw new UserError({ why: `${JSON.stringify(provider.slice(0, 60))} is not the name of a provider.` })
    const target = await findTarget(deps, parseTarget(text, namespace), (found) =>
      ['/mesh access-log', found, ...rest, flagsText(values)].join(' ').trimEnd(),
    )
    const request = requestFor({ text, namespace }, target)
    if (!isOn) return startRun(deps, asking, { ...request, kind: 'access-logs' })
    return startRun(deps, asking, { ...request, kind: 'turn-on-access-logs', ...defined({ minutes, provider }) })
  },
})
