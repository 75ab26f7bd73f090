import { refOf, type Labels, type Pod } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { recordAuditOnce } from '../store/audit.ts'
import { ConflictError, type Records } from '../store/records.ts'
import { claimSettings, type Overlap } from './claim-settings.ts'
import { clusterId } from './cluster-id.ts'
import { putBack } from './put-back.ts'
import {
  createLease,
  isUnsettled,
  readLease,
  updateLease,
  updateProxy,
  type LeaseRecord,
  type LeaseProxy,
  type Settings,
} from './lease-record.ts'
import type { LeaseDeps } from './lease-deps.ts'
import { LeaseRefusedError } from './lease-refused.ts'
import { leasableOf } from './leasables.ts'
import { leaseWords } from './lease-words.ts'
import { minutesText } from './minutes.ts'
import { judgeFate, podOf, proxyStartedAt } from './proxy-fate.ts'
import { withProxyLock, type ProxyLock } from './proxy-lock.ts'
import { LEAVING, seen, setOrUndo, undo } from './set-or-undo.ts'
import { withOutcome } from './set-on-proxy.ts'
import { defined } from '../mesh/defined.ts'

/** A lease to be made. */
export interface LeaseRequest extends Pick<LeaseRecord, 'kind' | 'by' | 'target' | 'asked' | 'run' | 'notes'> {
  /** The same on each try: of a run its id. */
  id: string
  settings: Readonly<Settings>
  minutes: number
  /** The proxies that are raised, or those of the workload. */
  pods: readonly Pod[]
  /** The workload that is raised as a whole, in place of single proxies. */
  workload?: LeasedWorkload | undefined
  channel?: string | undefined
  thread?: string | undefined
}

/** A workload as a lease is about it: its UID, and labels that its pods have and no others of its namespace. */
export interface LeasedWorkload {
  ref: Ref
  uid: string
  selector: Labels
}

/** Milliseconds to wait for another process that has a proxy in hand: longer than one that died can keep it. */
const PATIENCE = 25_000

/** Several proxies are under way at once; one that is still busy after so long is worth another try. */
class ProxyBusyError extends Error {
  readonly tryAgain = true
}

/** @throws LeaseRefusedError when the minutes are more than the limit, or none */
export function requireMinutes(minutes: number, most: number): void {
  if (minutes > 0 && minutes <= most) return
  throw new LeaseRefusedError(
    `${minutesText(minutes)} are more than one lease may last: ${minutesText(most)} (limits.leaseMinutes).`,
    [`Ask for ${minutesText(most)} or less, and extend it when you need longer.`],
  )
}

/**
 * Raises settings of proxies for a while: stores the lease, claims the settings on each proxy, notes them as they are, and only then sets any. May be
 * called again with the same id, also after its process was killed at any moment: it goes on where the record says, and never notes a
 * value that was raised as one that was there before.
 *
 * Proxies that cannot be raised are `refused` in the record, which says why; when none can, the lease is over at once (`failed`).
 * @throws StoreUnavailableError, the signal's reason; then the lease is finished by another call, or put back by the sweep
 */
export async function raise(deps: LeaseDeps, request: LeaseRequest, signal: AbortSignal): Promise<LeaseRecord> {
  const { records } = deps
  const begun = await begin(deps, request, signal)
  if (begun.state !== 'raising') return begun
  await Promise.all(
    begun.proxies
      .filter(({ state, before }) => state === 'noted' && isEmpty(before))
      .map((proxy) => note(deps, begun, proxy, signal)),
  )
  const noted = await read(records, begun.id)
  if (noted.state !== 'raising' || noted.proxies.every(({ state }) => state === 'refused'))
    return settle(deps, noted.id, signal)
  await recordAuditOnce(records, noted.id, {
    event: 'lease-granted',
    by: noted.by,
    run: noted.run,
    target: noted.target,
    facts: granted(noted),
  })
  await Promise.all(
    noted.proxies
      .filter(({ state, before }) => state === 'noted' && !isEmpty(before))
      .map((proxy) => raiseOn(deps, noted, proxy, signal)),
  )
  return settle(deps, noted.id, signal)
}

const isEmpty = (settings: object): boolean => Object.keys(settings).length === 0

const granted = ({ id, lent: raised, until, proxies }: LeaseRecord): Record<string, unknown> => ({
  lease: id,
  lent: raised,
  until,
  proxies: proxies.filter(({ state }) => state !== 'refused').map(({ pod, uid, before }) => ({ pod, uid, before })),
})

async function read(records: Records, id: string): Promise<LeaseRecord> {
  const lease = await readLease(records, id)
  if (lease === undefined) throw new Error(`lease ${id} is gone`)
  return lease
}

async function begin(
  { records, clients }: LeaseDeps,
  { id, kind, settings, minutes, pods, workload, by, target, asked, channel, thread, run, notes }: LeaseRequest,
  signal: AbortSignal,
): Promise<LeaseRecord> {
  const known = await readLease(records, id)
  if (known !== undefined) return known
  const cluster = await clusterId(clients.kubernetes, signal).catch((error: unknown) => {
    throw new LeaseRefusedError(`The cluster could not be read: ${seen(error, signal).message}`)
  })
  const now = Date.now()
  try {
    return await createLease(records, {
      id,
      kind,
      lent: { ...settings },
      by,
      target,
      asked,
      run,
      from: new Date(now).toISOString(),
      until: new Date(now + minutes * 60_000).toISOString(),
      ...defined({ cluster, channel, thread }),
      ...(notes !== undefined && notes.length > 0 && { notes }),
      proxies: workload === undefined ? pods.map(proxyOf) : [workloadOf(workload)],
    })
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    return read(records, id)
  }
}

function proxyOf(pod: Pod): LeaseProxy {
  const startedAt = proxyStartedAt(pod)
  return {
    pod: refOf(pod),
    uid: pod.metadata.uid ?? '',
    ...defined({ proxyStartedAt: startedAt }),
    before: {},
    state: 'noted',
  }
}

const workloadOf = ({ ref, uid, selector }: LeasedWorkload): LeaseProxy => ({
  pod: { ...ref },
  uid,
  selector: { ...selector },
  before: {},
  state: 'noted',
})

/** Claims what is raised on a proxy and notes it as it is; nothing was set by this lease so far. */
async function note(deps: LeaseDeps, begun: LeaseRecord, proxy: LeaseProxy, signal: AbortSignal): Promise<void> {
  const { records } = deps
  const { id, lent: raised } = begun
  const leasable = leasableOf(begun)
  const held = { lease: begun, proxy }
  const refuse = (says: string): Promise<LeaseRecord> =>
    updateProxy(records, id, proxy.uid, (now) =>
      now.state === 'noted' && isEmpty(now.before) ? { ...now, state: 'refused', says } : undefined,
    )
  const overlap = await claimSettings(records, proxy.uid, Object.keys(raised), begun)
  if (overlap !== undefined) {
    await refuse(overlapText(overlap))
    return
  }
  const done = await withProxyLock(records, proxy.uid, { signal, patience: PATIENCE }, async (lock) => {
    try {
      const gone = leasable.startingValues === undefined ? undefined : await whyGone(deps, proxy, lock)
      if (gone !== undefined) return await refuse(gone)
      const has = await leasable.read(deps, held, lock.signal)
      const refusal = leasable.refusal(raised, has) ?? (await leasable.obstacle?.(deps, held, lock.signal))
      if (refusal !== undefined) return await refuse(refusal)
      const before = Object.fromEntries(Object.keys(raised).map((name) => [name, has[name] ?? '']))
      return await updateProxy(records, id, proxy.uid, (stored, lease) =>
        lease.state === 'raising' && stored.state === 'noted' && isEmpty(stored.before)
          ? { ...stored, before }
          : undefined,
      )
    } catch (error) {
      return refuse(seen(error, signal).message)
    }
  })
  if (done === undefined) throw new ProxyBusyError(`${proxy.pod.name} is being set by another process`)
}

/** Why a proxy cannot be raised any more; undefined when it can. @throws UnseenError */
async function whyGone({ clients }: LeaseDeps, proxy: LeaseProxy, lock: ProxyLock): Promise<string | undefined> {
  const now = await podOf(proxy, clients.kubernetes, lock.signal)
  const fate = judgeFate(proxy, now)
  if (fate !== undefined) return fate.state === 'gone' ? 'its pod is gone' : 'its proxy was just restarted'
  return now?.metadata.deletionTimestamp === undefined ? undefined : LEAVING
}

function overlapText({ name, lease: { kind, by, until, id } }: Overlap): string {
  return `${name} is already ${leaseWords({ kind }).done} by ${by.user} until ${until.slice(11, 19)} UTC (lease ${id}); it can be put back or extended`
}

/** Sets what is raised on a proxy, whose former settings are noted. */
async function raiseOn(deps: LeaseDeps, { id }: LeaseRecord, proxy: LeaseProxy, signal: AbortSignal): Promise<void> {
  const done = await withProxyLock(deps.records, proxy.uid, { signal, patience: PATIENCE }, async (lock) => {
    const lease = await read(deps.records, id)
    const now = lease.proxies.find(({ uid }) => uid === proxy.uid)
    if (now?.state !== 'noted' || lease.state !== 'raising' || Date.parse(lease.until) <= Date.now()) return lease
    const outcome = await setOrUndo(deps, lease, now, lock, signal)
    const after = await updateProxy(deps.records, id, proxy.uid, (stored) =>
      stored.state === 'noted' ? withOutcome(stored, outcome) : undefined,
    )
    // It took so long that somebody has given the lease back meanwhile, and found nothing set.
    if (
      outcome.state === 'raised' &&
      !after.proxies.some(({ uid, state }) => uid === proxy.uid && isUnsettled({ state }))
    )
      await undo(deps, lease, now, lock, 'too late')
    return after
  })
  if (done === undefined) throw new ProxyBusyError(`${proxy.pod.name} is being set by another process`)
}

/** Every proxy has its answer: the lease runs, or it is over. */
async function settle(deps: LeaseDeps, id: string, signal: AbortSignal): Promise<LeaseRecord> {
  const { records } = deps
  // Who was told to stop says so: the lease is put back by whoever told it to, or finished by another.
  signal.throwIfAborted()
  const lease = await updateLease(records, id, (now) => {
    if (now.state !== 'raising' || now.proxies.some(({ state }) => state === 'noted')) return undefined
    if (now.proxies.some(({ state }) => state === 'raised')) return { ...now, state: 'raised' }
    return { ...now, state: 'over', ended: { at: new Date().toISOString(), why: 'failed' }, told: true }
  })
  if (lease === undefined) throw new Error(`lease ${id} is gone`)
  if (lease.state === 'raising') return (await putBack(deps, id, { why: 'overdue' }, signal)) ?? lease
  if (lease.ended?.why === 'failed') await noteRefused(records, lease)
  return lease
}

async function noteRefused(
  records: Records,
  { id, by, run, target, lent: raised, proxies }: LeaseRecord,
): Promise<void> {
  await recordAuditOnce(records, id, {
    event: 'lease-refused',
    by,
    run,
    target,
    facts: { lease: id, lent: raised, proxies: proxies.map(({ pod, state, says }) => ({ pod, state, says })) },
  })
}
