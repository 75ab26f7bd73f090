import { userInfo } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { choosePods, findProxies } from '../leases/find-proxies.ts'
import { putBack, type LeaseEnd } from '../leases/put-back.ts'
import { isUnsettled, listLeases, readLease, type LeaseRecord } from '../leases/lease-record.ts'
import { LeaseRefusedError } from '../leases/lease-refused.ts'
import type { LeaseDeps } from '../leases/lease-deps.ts'
import { raise, requireMinutes } from '../leases/raise.ts'
import { findZtunnels, requireZtunnels, whomTheyServe } from '../leases/find-ztunnels.ts'
import { leasableOf } from '../leases/leasables.ts'
import { parseLevels, requireLoggers } from '../leases/log-levels/levels.ts'
import { parseZtunnelLevels, ztunnelLevelsText } from '../leases/ztunnel-levels/levels.ts'
import { minutesText, parseMinutes } from '../leases/minutes.ts'
import { sweepLeases } from '../leases/sweep-leases.ts'
import { clusterWriter } from '../fixes/writer.ts'
import { loadConfig } from '../config.ts'
import { shownLevels, shownZtunnelLevels, type ShownLevels } from '../capabilities/log-levels.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { parseTarget } from '../mesh/target-query.ts'
import { targetKey } from '../mesh/target.ts'
import { opaqueId } from '../store/opaque-id.ts'
import { openClients } from './clients.ts'
import { connectionFor } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { UserError } from '../mesh/user-error.ts'
import { interruptible } from './interruption.ts'
import { answer, remark } from './output.ts'
import { openRecords } from './records.ts'
import { defined } from '../mesh/defined.ts'

export interface LogLevelOptions {
  namespace?: string
  context?: string
  output: 'text' | 'json'
  /** As typed: `10m`. */
  for?: string
  pods?: number
  ztunnel?: boolean
}

const USUAL_MINUTES = 10
/** Milliseconds between two tries to put back what did not answer, and until it is left to the next start. */
const TRY_AGAIN = 2000
const GIVES_UP = 30_000
const LOOKS_EVERY = 1000

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
  const minutes = options.for === undefined ? Math.min(USUAL_MINUTES, leases.minutes) : parseMinutes(options.for)
  requireMinutes(minutes, leases.minutes)
  const {
    connection,
    limits: { stepTimeout, concurrency },
  } = connectionFor(options.context)
  const controller = interruptible()
  const { signal } = controller
  const clients = openClients(connection, controller)
  const about = { signal, stepTimeout, concurrency }
  const backend = await openRecords()
  try {
    const deps = { records: backend.records, clients, writer: clusterWriter({ clients, ...connection }) }
    await sweepLeases(
      {
        ...deps,
        trouble: (error, lease) =>
          remark(
            `an earlier lease, ${lease}, could not be put back: ${error instanceof Error ? error.message : String(error)}`,
          ),
      },
      signal,
    )
    if (backend.kind === 'embedded') await endAbandoned(deps)
    const { target: found, pods } = await (isZtunnel ? findZtunnels : findProxies)(query, clients, about)
    const chosen = choosePods(pods, { count: options.pods, most: leases.proxies })
    if (!isZtunnel) {
      const shown = await shownLevels(chosen.pods.map(refOf), clients, about)
      requireLoggers(
        levels,
        shown.map((one) => ('levels' in one ? one.levels : undefined)),
      )
    }
    const served = isZtunnel ? await whomTheyServe(chosen.pods, clients, about) : []
    const id = opaqueId()
    const asked = { text: target, ...defined({ namespace: options.namespace }) }
    const request = {
      id,
      run: id,
      kind: isZtunnel ? ('ztunnel-levels' as const) : ('log-levels' as const),
      settings: levels,
      minutes,
      pods: chosen.pods,
      notes: [...served, ...chosen.notes],
      by: { user: userInfo().username },
      target: targetKey(found),
      asked,
    }
    const over = await raiseUntilTheEnd(deps, request, signal)
    await answer(options.output === 'json' ? `${JSON.stringify(over, null, 2)}\n` : ended(over))
    return exitCode(over, signal)
  } finally {
    await backend.close()
  }
}

/** Puts back what a terminal that was killed had raised: while this one has the data folder, no other can be waiting. */
async function endAbandoned(deps: LeaseDeps): Promise<void> {
  const abandoned = (await listLeases(deps.records)).filter(
    ({ state, channel }) => state !== 'over' && channel === undefined,
  )
  const over = await Promise.all(abandoned.map(({ id }) => endLease(deps, id, { why: 'overdue' })))
  if (over.length > 0)
    remark(`From an earlier run of this command that was killed:\n${over.map(ended).join('').trimEnd()}`)
}

/** Raises, waits, and puts back; whatever happens between. */
async function raiseUntilTheEnd(
  deps: LeaseDeps,
  request: Parameters<typeof raise>[1],
  signal: AbortSignal,
): Promise<LeaseRecord> {
  const { id } = request
  try {
    const lease = await raise(deps, request, signal)
    if (lease.state === 'over') return lease
    remark(begun(lease))
    await untilOver(deps, id, signal)
  } catch (error) {
    if (!signal.aborted) {
      await endLease(deps, id, { why: 'failed' }).catch(() => undefined)
      throw error
    }
  }
  return endLease(deps, id, signal.aborted ? { why: 'put back', by: userInfo().username } : { why: 'time' })
}

/** Waits until the time is over, it was put back elsewhere, or we are told to stop; says how long it takes on a terminal. */
async function untilOver({ records }: LeaseDeps, id: string, signal: AbortSignal): Promise<void> {
  const { isTTY } = process.stderr
  try {
    for (;;) {
      const lease = await readLease(records, id)
      const left = lease?.state === 'raised' ? Date.parse(lease.until) - Date.now() : 0
      if (left <= 0) return
      if (isTTY)
        process.stderr.write(`\r\u001b[2K${minutesText(Math.ceil(left / 1000) / 60)} left; Ctrl-C puts the levels back`)
      await pause(Math.min(LOOKS_EVERY, left), undefined, { signal })
    }
  } finally {
    if (isTTY) process.stderr.write('\r\u001b[2K')
  }
}

/** Puts a lease's levels back, and tries again for a while: a process that was killed keeps a proxy in hand for some seconds. */
async function endLease(deps: LeaseDeps, id: string, end: LeaseEnd): Promise<LeaseRecord> {
  for (const late = Date.now() + GIVES_UP; ;) {
    const lease = await putBack(deps, id, end, new AbortController().signal)
    if (lease === undefined) throw new LeaseRefusedError('No log level was raised.')
    if (lease.state === 'over' || Date.now() > late) return lease
    remark(
      `${lease.proxies
        .filter(isUnsettled)
        .map(({ pod, says = 'not put back' }) => `${formatPod(pod)}: ${says}`)
        .join('; ')}; trying again`,
    )
    await pause(TRY_AGAIN)
  }
}

type PodOf = LeaseRecord['proxies'][number]['pod']
const formatPod = ({ namespace, name }: PodOf): string => `Pod ${namespace ?? ''}/${name}`

function begun({ kind, lent: raised, proxies, until, notes = [] }: LeaseRecord): string {
  const set = proxies.filter(({ state }) => state === 'raised')
  const others = proxies
    .filter(({ state }) => state !== 'raised')
    .map(({ pod, state, says }) => `${formatPod(pod)}: ${SAYS[state]}${says === undefined ? '' : `: ${says}`}`)
  return [
    `${leasableOf({ kind }).describe(raised)} on ${set.map(({ pod }) => pod.name).join(', ')}${notes.length === 0 ? '' : ` (${notes.join('; ')})`} until ${until.slice(11, 19)} UTC. Ctrl-C puts the levels back.`,
    ...others,
    ...set.map(
      ({ pod: { name, namespace = '' } }) => `To read: kubectl logs -n ${namespace} ${name} -c istio-proxy -f`,
    ),
  ].join('\n')
}

const SAYS: Readonly<Record<LeaseRecord['proxies'][number]['state'], string>> = {
  noted: 'not set',
  raised: 'not put back',
  refused: 'could not be set',
  'put-back': 'put back',
  gone: 'its pod is gone, nothing to put back',
  restarted: 'its proxy was restarted and has its own levels again',
  left: 'left alone',
  unreachable: 'NOT put back',
}

function ended({ kind, proxies, state }: LeaseRecord): string {
  const lines = proxies.map(
    ({ pod, state: each, before, says }) =>
      `${formatPod(pod)}: ${SAYS[each]}${each === 'put-back' ? ` to ${leasableOf({ kind }).describe(before)}` : ''}${says === undefined ? '' : `: ${says}`}`,
  )
  return `${[...lines, ...(state === 'over' ? [] : ['What is not put back is retried by the bot, and the next time this command is started.'])].join('\n')}\n`
}

/** @throws the interruption, when everything was put back after it */
function exitCode({ state, proxies }: LeaseRecord, signal: AbortSignal): number {
  if (state !== 'over' || proxies.some((proxy) => proxy.state === 'refused')) return EXIT.unclear
  signal.throwIfAborted()
  return EXIT.healthy
}
