import { choosePods, findProxies } from '../leases/find-proxies.ts'
import { findZtunnels, requireZtunnels, whomTheyServe } from '../leases/find-ztunnels.ts'
import { parseZtunnelLevels, ztunnelLevelsText } from '../leases/ztunnel-levels/levels.ts'
import { requireMinutes, type LeaseRequest } from '../leases/raise.ts'
import { boundedPods } from '../leases/log-levels/bounded-pods.ts'
import { parseLevels, requireLoggers } from '../leases/log-levels/levels.ts'
import { parseMinutes, usualMinutes } from '../leases/minutes.ts'
import { loadConfig } from '../config.ts'
import { shownLevels, shownZtunnelLevels, type ShownLevels } from '../capabilities/log-levels.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { askedInTerminal } from './asked-in-terminal.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { UserError } from '../mesh/user-error.ts'
import { interruptible } from './interruption.ts'
import { holdLease } from './hold-lease.ts'
import { answer } from './output.ts'

export interface LogLevelOptions {
  namespace?: string
  context?: string
  output: 'text' | 'json'
  /** As typed: `10m`. */
  for?: string
  pods?: number
  ztunnel?: boolean
}

/**
 * `mesh-medic log-level`: shows the log levels of a target's proxies; with levels, raises them, waits, and puts them back at the end of the time, on
 * Ctrl-C and on SIGTERM. Answers the exit code: 3 when a proxy could not be read, set or put back.
 */
export async function logLevel(target: string, typed: readonly string[], options: LogLevelOptions): Promise<number> {
  return typed.length === 0 ? show(target, options) : raiseInTerminal(target, typed.join(','), options)
}

async function show(
  target: string,
  { namespace, context, output, ztunnel, ...others }: LogLevelOptions,
): Promise<number> {
  if (others.for !== undefined || others.pods !== undefined)
    throw new UserError({ why: '--for and --pods go with levels: http:debug,router:debug' })
  const query = parseTarget(target, namespace)
  const { connection, limits } = connectionFor(context)
  const controller = interruptible()
  const clients = openClients(connection, controller)
  const about = { signal: controller.signal, stepTimeout: limits.stepTimeout, concurrency: limits.concurrency }
  const { pods } = await (ztunnel === true ? findZtunnels : findProxies)(query, clients, about)
  const proxies = await (ztunnel === true
    ? shownZtunnelLevels(pods, clients, about)
    : shownLevels(pods.map(refOf), clients, about))
  await answer(
    output === 'json'
      ? `${JSON.stringify({ proxies, more: pods.length - proxies.length }, null, 2)}\n`
      : levelsShown(proxies, pods.length - proxies.length),
  )
  return proxies.every((proxy) => 'levels' in proxy) ? EXIT.healthy : EXIT.unclear
}

/** Each level with its loggers, the rarest level first: that one was set on purpose. */
function levelsShown(proxies: readonly ShownLevels[], more: number): string {
  const lines = proxies.flatMap((proxy) => {
    if (!('levels' in proxy)) return [`${formatRef(proxy.pod)}: not read: ${proxy.says}`]
    if (proxy.serves !== undefined)
      return [`${formatRef(proxy.pod)}: ${ztunnelLevelsText(proxy.levels)}`, `  ${proxy.serves}`]
    const byLevel = Map.groupBy(Object.entries(proxy.levels), ([, level]) => level)
    const rows = [...byLevel]
      .toSorted(([, a], [, b]) => a.length - b.length)
      .map(([level, loggers]) => `  ${level}: ${loggers.map(([logger]) => logger).join(' ')}`)
    return [`${formatRef(proxy.pod)}:`, ...rows]
  })
  return `${[...lines, ...(more > 0 ? [`and ${more} more proxies`] : [])].join('\n')}\n`
}

async function raiseInTerminal(target: string, typed: string, options: LogLevelOptions): Promise<number> {
  const isZtunnel = options.ztunnel === true
  const levels = isZtunnel ? parseZtunnelLevels(typed) : parseLevels(typed)
  const query = parseTarget(target, options.namespace)
  const { leases } = loadConfig(process.env).policy
  if (isZtunnel) requireZtunnels(leases)
  const minutes = options.for === undefined ? usualMinutes(leases.minutes) : parseMinutes(options.for)
  requireMinutes(minutes, leases.minutes)
  const {
    connection,
    limits: { stepTimeout, concurrency },
  } = connectionFor(options.context)
  const controller = interruptible()
  const { signal } = controller
  const clients = openClients(connection, controller)
  const about = { signal, stepTimeout, concurrency }
  const request = async (id: string): Promise<LeaseRequest> => {
    const { target: found, pods } = await (isZtunnel ? findZtunnels : findProxies)(query, clients, about)
    const chosen = choosePods(pods, { count: options.pods, most: leases.proxies })
    if (!isZtunnel) {
      const shown = await shownLevels(chosen.pods.map(refOf), clients, about)
      requireLoggers(
        levels,
        shown.map((one) => ('levels' in one ? one.levels : undefined)),
      )
    }
    const bounded = isZtunnel
      ? { pods: chosen.pods, notes: [] }
      : await boundedPods(chosen.pods, levels, { clients, isNamed: false, signal })
    const served = isZtunnel ? await whomTheyServe(chosen.pods, clients, about) : []
    return {
      ...askedInTerminal(id, found, { text: target, namespace: options.namespace }),
      kind: isZtunnel ? 'ztunnel-levels' : 'log-levels',
      settings: levels,
      minutes,
      pods: bounded.pods,
      notes: [...served, ...chosen.notes, ...bounded.notes],
    }
  }
  return holdLease({ clients, connection, output: options.output }, request, signal)
}
