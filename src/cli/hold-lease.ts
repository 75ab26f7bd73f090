import { userInfo } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clients } from '../evidence/clients/clients.ts'
import type { KubernetesOptions } from '../evidence/clients/kubernetes.ts'
import { clusterWriter } from '../fixes/writer.ts'
import type { CaptureImage } from '../fixes/capture-pod.ts'
import type { LeaseDeps } from '../leases/lease-deps.ts'
import { isUnsettled, listLeases, readLease, type LeaseRecord } from '../leases/lease-record.ts'
import { LeaseRefusedError } from '../leases/lease-refused.ts'
import { leaseWords } from '../leases/lease-words.ts'
import { minutesText } from '../leases/minutes.ts'
import { putBack, type LeaseEnd } from '../leases/put-back.ts'
import { raise, type LeaseRequest } from '../leases/raise.ts'
import { sweepLeases } from '../leases/sweep-leases.ts'
import { labelsText } from '../mesh/labels.ts'
import { opaqueId } from '../store/opaque-id.ts'
import { EXIT } from './exit-codes.ts'
import { answer, remark } from './output.ts'
import { openRecords } from './records.ts'

/** Milliseconds between two tries to put back what did not answer, and until it is left to the next start. */
const TRY_AGAIN = 2000
const GIVES_UP = 30_000
const LOOKS_EVERY = 1000

/** What is done while a lease is held. */
export interface Holding {
  /** Looks whether it is in force, and says so; undefined when that is not to be seen. */
  seen?: ((request: LeaseRequest) => Promise<string | undefined>) | undefined
  /** What it is held for: when that is over, so is the lease. Answers the exit code, and what it says is the answer. */
  during?: ((lease: LeaseRecord) => Promise<number>) | undefined
}

/**
 * Opens the store, puts back what is overdue, raises what is asked for, waits, and puts it back: at the end of the time, on Ctrl-C and on SIGTERM.
 * @param request finds out what is raised; called after what is overdue was put back
 * @returns the exit code: 3 when something could not be set or put back
 */
export async function holdLease(
  {
    clients,
    connection,
    output,
    capture,
  }: { clients: Clients; connection: KubernetesOptions; output: 'text' | 'json'; capture?: CaptureImage | undefined },
  request: (id: string) => Promise<LeaseRequest>,
  signal: AbortSignal,
  { seen, during }: Holding = {},
): Promise<number> {
  const backend = await openRecords()
  try {
    const deps = { records: backend.records, clients, writer: clusterWriter({ clients, capture, ...connection }) }
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
    let exit: number | undefined
    const work = during && (async (lease: LeaseRecord) => void (exit = await during(lease)))
    const over = await raiseUntilTheEnd(deps, await request(opaqueId()), signal, { seen, work })
    if (work !== undefined) {
      remark(ended(over).trimEnd())
      return exit !== undefined && exitCode(over, new AbortController().signal) === EXIT.healthy ? exit : EXIT.unclear
    }
    await answer(output === 'json' ? `${JSON.stringify(over, null, 2)}\n` : ended(over))
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
  request: LeaseRequest,
  signal: AbortSignal,
  { seen, work }: { seen: Holding['seen']; work: ((lease: LeaseRecord) => Promise<void>) | undefined },
): Promise<LeaseRecord> {
  const { id } = request
  try {
    const lease = await raise(deps, request, signal)
    if (lease.state === 'over') return lease
    if (work === undefined) remark(begun(lease))
    const found = await seen?.(request)
    if (found !== undefined) remark(found)
    await (work === undefined ? untilOver(deps, id, signal) : work(lease))
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
      const interrupt = lease === undefined ? '' : leaseWords(lease).interrupt
      const left = lease?.state === 'raised' ? Date.parse(lease.until) - Date.now() : 0
      if (left <= 0) return
      if (isTTY) process.stderr.write(`\r\u001b[2K${minutesText(Math.ceil(left / 1000) / 60)} left; ${interrupt}`)
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
    if (lease === undefined) throw new LeaseRefusedError('Nothing was raised.')
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
const formatPod = ({ kind, namespace, name }: PodOf): string => `${kind} ${namespace ?? ''}/${name}`

function begun(lease: LeaseRecord): string {
  const { kind, lent: raised, proxies, until, notes = [] } = lease
  const { describe, interrupt } = leaseWords(lease)
  const set = proxies.filter(({ state }) => state === 'raised')
  const others = proxies
    .filter(({ state }) => state !== 'raised')
    .map(({ pod, state, says }) => `${formatPod(pod)}: ${SAYS[kind][state]}${says === undefined ? '' : `: ${says}`}`)
  const reads = set.map(({ pod: { name, namespace = '' }, selector }) =>
    selector === undefined
      ? `kubectl logs -n ${namespace} ${name} -c istio-proxy -f`
      : `kubectl logs -n ${namespace} -l ${labelsText(selector)} -c istio-proxy --prefix -f`,
  )
  return [
    `${describe(raised)} on ${set.map(({ pod }) => pod.name).join(', ')}${notes.length === 0 ? '' : ` (${notes.join('; ')})`} until ${until.slice(11, 19)} UTC. ${interrupt}.`,
    ...others,
    ...reads.map((command) => `To read: ${command}`),
  ].join('\n')
}

type Says = Readonly<Record<LeaseRecord['proxies'][number]['state'], string>>
const OF_LEVELS: Says = {
  noted: 'not set',
  raised: 'not put back',
  refused: 'could not be set',
  'put-back': 'put back',
  gone: 'its pod is gone, nothing to put back',
  restarted: 'its proxy was restarted and has its own levels again',
  left: 'left alone',
  unreachable: 'NOT put back',
}
const SAYS: Readonly<Record<LeaseRecord['kind'], Says>> = {
  'access-logs': {
    ...OF_LEVELS,
    noted: 'not turned on',
    refused: 'could not be turned on',
    'put-back': 'access logs are as before, the Telemetry object was deleted',
  },
  captures: {
    ...OF_LEVELS,
    noted: 'not started',
    refused: 'could not be started',
    raised: 'not ended',
    'put-back': 'the capture is over',
    unreachable: 'NOT known to have ended; it ends by itself',
  },
  'log-levels': OF_LEVELS,
  'ztunnel-levels': OF_LEVELS,
}

function ended({ kind, proxies, state }: LeaseRecord): string {
  const lines = proxies.map(
    ({ pod, state: each, before, says }) =>
      `${formatPod(pod)}: ${SAYS[kind][each]}${each === 'put-back' && kind !== 'access-logs' && kind !== 'captures' ? ` to ${leaseWords({ kind }).describe(before)}` : ''}${says === undefined ? '' : `: ${says}`}`,
  )
  return `${[...lines, ...(state === 'over' ? [] : ['What is not put back is retried by the bot, and the next time this command is started.'])].join('\n')}\n`
}

/** @throws the interruption, when everything was put back after it */
function exitCode({ state, proxies }: LeaseRecord, signal: AbortSignal): number {
  if (state !== 'over' || proxies.some((proxy) => proxy.state === 'refused')) return EXIT.unclear
  signal.throwIfAborted()
  return EXIT.healthy
}
