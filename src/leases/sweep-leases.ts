import type { Clients } from '../evidence/clients/clients.ts'
import { recordAuditOnce } from '../store/audit.ts'
import { isFinished, readRun } from '../store/runs.ts'
import { clusterId } from './cluster-id.ts'
import { putBack, noteEnded, type LeaseEnd } from './put-back.ts'
import { keepLogs } from './kept-logs.ts'
import { readLeaseLogs } from './lease-log.ts'
import { listLeases, updateLease, wasTouched, type LeaseRecord } from './lease-record.ts'
import type { LeaseDeps } from './lease-deps.ts'

/** Where leases are shown. Methods reject only when it is worth trying again. */
export interface LeaseBoard {
  /** Brings a lease's message to what its record says: time left, what was put back per pod. */
  lease(lease: LeaseRecord): Promise<void>
  /** Puts a file into a lease's thread, once for each `part`. */
  leaseFile(lease: LeaseRecord, part: string, file: { name: string; title: string; content: string }): Promise<void>
}

/** What the sweep works with. `board` is absent where nothing is shown; `trouble` hears of a lease that could not be dealt with this time, or not be read. */
export interface SweepDeps extends LeaseDeps {
  clients: Pick<Clients, 'kubernetes' | 'istioctl' | 'portForward'>
  board?: LeaseBoard
  trouble?(error: unknown, lease: string): void
}

/** Milliseconds after its time from which on a lease counts as overdue: nobody was there to put it back. */
const OVERDUE = 60_000
/** Milliseconds to wait for the API server to say which cluster it is. */
const PATIENCE = 10_000
/** Milliseconds after its end in which a lease's end is told. */
const TELLS = 3600_000

/**
 * Puts back every lease whose time is over, goes on with those that somebody began to put back, ends those whose run died half-way,
 * and shows how long the others still run. For the start, and every few seconds; in any number of processes at once.
 * Leases of other clusters are left to those who can reach them.
 * @throws StoreUnavailableError; UnseenError when the API server does not answer
 */
export async function sweepLeases(deps: SweepDeps, signal: AbortSignal): Promise<void> {
  const all = await listLeases(deps.records, (id, error) => deps.trouble?.(error, id))
  const open = all.filter(({ state, told }) => state !== 'over' || told !== true)
  if (open.length === 0) return
  const here = await clusterId(deps.clients.kubernetes, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]))
  const leases = open.filter(({ cluster }) => cluster === undefined || cluster === here)
  await Promise.all(
    leases.map(async (lease) => {
      try {
        await sweep(deps, lease, signal)
      } catch (error) {
        if (!signal.aborted) deps.trouble?.(error, lease.id)
      }
    }),
  )
}

async function sweep(deps: SweepDeps, lease: LeaseRecord, signal: AbortSignal): Promise<void> {
  if (lease.state === 'over') return tellEnd(deps, lease, signal)
  const end = lease.state === 'putting-back' ? { why: 'overdue' as const } : await endOf(deps, lease)
  const now = end === undefined ? lease : await putBack(deps, lease.id, end, signal)
  if (now === undefined) return
  if (now.state === 'over') await tellEnd(deps, now, signal)
  else if (now.state !== 'raising') await deps.board?.lease(now)
}

/** Why a lease ends now; undefined when it runs on. */
async function endOf({ records }: SweepDeps, { state, until, run }: LeaseRecord): Promise<LeaseEnd | undefined> {
  const late = Date.now() - Date.parse(until)
  if (late >= 0) return { why: late > OVERDUE ? 'overdue' : 'time' }
  if (state !== 'raising') return undefined
  const asked = await readRun(records, run)
  if (asked === undefined || !isFinished(asked)) return undefined
  return asked.state === 'cancelled' ? { why: 'put back', by: asked.cancelAskedBy } : { why: 'failed' }
}

/** Records and shows what was put back, and saves the logs; once, and until it has succeeded. */
async function tellEnd(deps: SweepDeps, lease: LeaseRecord, signal: AbortSignal): Promise<void> {
  if (lease.told === true) return
  await noteEnded(deps.records, lease)
  if (lease.channel !== undefined) {
    if (deps.board === undefined) return
    const isLate = Date.now() - Date.parse(lease.ended?.at ?? lease.until) > TELLS
    if (!isLate) await show(deps, deps.board, lease, signal)
  }
  await updateLease(deps.records, lease.id, (now) => (now.told === true ? undefined : { ...now, told: true }))
}

async function show(
  { clients, records }: SweepDeps,
  board: LeaseBoard,
  lease: LeaseRecord,
  signal: AbortSignal,
): Promise<void> {
  if (!lease.proxies.some(wasTouched)) return board.lease(lease)
  const { files } = await readLeaseLogs(lease, clients, signal)
  const kept = await keepLogs(records, lease.id, files)
  if (kept.length > 0)
    await recordAuditOnce(records, lease.run, {
      event: 'lease-log-kept',
      by: { user: 'mesh-medic' },
      run: lease.run,
      target: lease.target,
      facts: { lease: lease.id, logs: kept },
    })
  // Its buttons are those of what is kept.
  await board.lease(lease)
  for (const { part, ...file } of files) await board.leaseFile(lease, part, file)
}
