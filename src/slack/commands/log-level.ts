import { parseLevels } from '../../leases/log-levels/levels.ts'
import { requireZtunnels } from '../../leases/find-ztunnels.ts'
import { parseZtunnelLevels } from '../../leases/ztunnel-levels/levels.ts'
import { minutesText, parseMinutes } from '../../leases/minutes.ts'
import { parseTarget } from '../../mesh/target-query.ts'
import { requestFor } from '../thread/ask-diagnosis.ts'
import { findTarget } from '../access/find-target.ts'
import { UserError } from '../../mesh/user-error.ts'
import { startRun } from '../thread/start-run.ts'
import { defineCommand } from './command.ts'
import { flagsText, readArguments } from './words.ts'
import { defined } from '../../mesh/defined.ts'

const usage = 'log-level TARGET [LOGGER:LEVEL,…] [-n NAMESPACE] [--for 10m] [--pods N] [--ztunnel]'
const EXAMPLES = [
  '/mesh log-level catalog',
  '/mesh log-level catalog http:debug,router:debug,connection:debug,pool:debug --for 10m',
]

/** Shows Envoy's log levels of a target's proxies, or raises others for a while. */
export const logLevel = defineCommand({
  name: 'log-level',
  usage,
  about:
    'shows the log levels of a target’s proxies, or raises some for a while, with `--pods` on N of them, and puts them back',
  asks: ['raise-log-levels', 'log-levels'],
  async run(deps, asking, words) {
    const {
      words: [text, ...rest],
      namespace,
      values,
    } = readArguments(words, usage, {
      '--for': { value: 'time, like 10m' },
      '--pods': { value: 'number of proxies' },
      '--ztunnel': {},
    })
    if (text === undefined) throw new UserError({ why: 'No target was given.', commands: EXAMPLES })
    const isZtunnel = values['--ztunnel'] !== undefined
    const parse = isZtunnel ? parseZtunnelLevels : parseLevels
    const levels = rest.length === 0 ? undefined : parse(rest.join(','))
    if (levels !== undefined && isZtunnel) requireZtunnels(deps.policy.leases)
    const [minutes, proxies] = [
      minutesOf(values['--for']?.[0], deps.policy.leases.minutes),
      proxiesOf(values['--pods']?.[0], deps.policy.leases.proxies),
    ]
    if (levels === undefined && (minutes !== undefined || proxies !== undefined))
      throw new UserError({ why: 'No log level is raised without loggers and levels.', commands: EXAMPLES })
    const target = await findTarget(deps, parseTarget(text, namespace), (found) =>
      ['/mesh log-level', found, ...rest, flagsText(values)].join(' ').trimEnd(),
    )
    const request = requestFor({ text, namespace }, target)
    const ztunnel = isZtunnel ? true : undefined
    if (levels === undefined) return startRun(deps, asking, { ...request, kind: 'log-levels', ...defined({ ztunnel }) })
    return startRun(deps, asking, {
      ...request,
      kind: 'raise-log-levels',
      raise: { levels, ...defined({ minutes, proxies, ztunnel }) },
    })
  },
})

function minutesOf(typed: string | undefined, most: number): number | undefined {
  if (typed === undefined) return undefined
  const minutes = parseMinutes(typed)
  if (minutes > most)
    throw new UserError({
      why: `${minutesText(minutes)} is too long: log levels are raised for ${minutesText(most)} at most, and can be extended.`,
      remedies: ["The bot's administrator may set another limit: limits.leaseMinutes."],
    })
  return minutes
}

function proxiesOf(typed: string | undefined, most: number): number | undefined {
  if (typed === undefined) return undefined
  if (!/^[1-9]\d{0,3}$/.test(typed))
    throw new UserError({
      why: `${JSON.stringify(typed.slice(0, 40))} is not a number of proxies.`,
      commands: [`/mesh ${usage}`],
    })
  if (Number(typed) > most)
    throw new UserError({
      why: `${typed} proxies are too many: one lease raises the log levels of ${most} at most.`,
      remedies: ["The bot's administrator may set another limit: limits.leaseProxies."],
    })
  return Number(typed)
}
