import { z } from 'zod'
import type { Ref } from '../mesh/ref.ts'
import { changeRecord } from '../store/change-record.ts'
import { withPresentWord } from '../store/former-words.ts'
import { listReadable, type Unreadable } from '../store/list-readable.ts'
import { opaqueId } from '../store/opaque-id.ts'
import type { Records } from '../store/records.ts'
import { defined } from '../mesh/defined.ts'
import { LEASE_KINDS } from './lease-kinds.ts'

const COLLECTION = 'leases'
/** Counted from the last write. */
const KEPT_SECONDS = 30 * 24 * 3600

const PodRef = z.object({ kind: z.string(), namespace: z.string().exactOptional(), name: z.string() })
const Settings = z.record(z.string(), z.string())
/** Settings by their names, each with its value: `{http: 'debug'}`; one that is absent has the value ''. */
export type Settings = z.infer<typeof Settings>

/** One of these words, or one that stood for it in an earlier version. */
const word = <const W extends readonly [string, ...string[]]>(words: W) => z.preprocess(withPresentWord, z.enum(words))

/** One proxy of a lease, or one workload. `proxyStartedAt` is when the proxy's container started: a restarted proxy has forgotten what was set by itself. */
export const LeaseProxy = z.object({
  pod: PodRef,
  uid: z.string(),
  proxyStartedAt: z.string().optional(),
  /** The raised settings as they were, read before the first act and never again; empty until then, and nothing is set before. */
  before: Settings,
  /** noted: nothing done yet; raised: set; refused: could not be set (`says`); put-back; gone: pod deleted; restarted; left: somebody else changed a setting meanwhile (`says` which), the rest was put back; unreachable: not put back yet, tried again (`says`) */
  state: word(['noted', 'raised', 'refused', 'put-back', 'gone', 'restarted', 'left', 'unreachable']),
  says: z.string().optional(),
  /** Labels of a workload's pods, where what is raised selects them. */
  selector: z.record(z.string(), z.string()).optional(),
  /** UID of the object that was made for it: no other of its name is deleted. */
  object: z.string().optional(),
  /** What is being set, noted before it is: a pod that takes this one's name meanwhile may get it instead. */
  setting: Settings.optional(),
})
export type LeaseProxy = z.infer<typeof LeaseProxy>

/** Settings of proxies that are raised until a moment, as stored before anything is done. Times are ISO 8601. */
export const LeaseRecord = z.object({
  id: z.string(),
  state: word(['raising', 'raised', 'putting-back', 'over']),
  kind: z.enum(LEASE_KINDS),
  /** What is set: `{http: 'debug'}`. */
  lent: Settings,
  proxies: z.array(LeaseProxy).min(1),
  from: z.iso.datetime(),
  until: z.iso.datetime(),
  by: z.object({ user: z.string(), team: z.string().exactOptional() }),
  target: z.string(),
  /** As a person typed it. */
  asked: z.object({ text: z.string(), namespace: z.string().exactOptional() }),
  /** Absent in a terminal. */
  channel: z.string().optional(),
  /** `ts` of the thread its message stands in. */
  thread: z.string().optional(),
  run: z.string(),
  /** Id of the cluster, as clusterId says: others' pods are not to be taken for gone. */
  cluster: z.string().optional(),
  /** What the person who asked should know: which proxies of many. */
  notes: z.array(z.string()).optional(),
  /** Why it ended, and who ended it early. */
  ended: z
    .object({
      at: z.iso.datetime(),
      why: word(['time', 'put back', 'overdue', 'failed']),
      by: z.string().optional(),
    })
    .optional(),
  /** True when its end was told, with the logs. */
  told: z.boolean().optional(),
})
export type LeaseRecord = z.infer<typeof LeaseRecord>

/** Stores a new lease in state `raising`. */
export async function createLease(
  records: Records,
  lease: Omit<LeaseRecord, 'id' | 'state'> & { id?: string },
): Promise<LeaseRecord> {
  const record = LeaseRecord.parse({ ...lease, id: lease.id ?? opaqueId(), state: 'raising' })
  await records.write(COLLECTION, record.id, record, { expected: 'absent', expiresInSeconds: KEPT_SECONDS })
  return record
}

export async function readLease(records: Records, id: string): Promise<LeaseRecord | undefined> {
  const stored = await records.read(COLLECTION, id)
  return stored && LeaseRecord.parse(stored.value)
}

/** All leases that are kept, oldest first. One that cannot be read, of a kind that only another version knows say, is told to `unreadable` and left out. */
export async function listLeases(records: Records, unreadable?: Unreadable): Promise<LeaseRecord[]> {
  const leases = await listReadable(records, COLLECTION, LeaseRecord, unreadable)
  return leases.sort((one, other) => one.from.localeCompare(other.from))
}

/** Changes a lease: `next` returns undefined to leave it; it may be called again, so it is free of effects. Undefined when there is none. */
export async function updateLease(
  records: Records,
  id: string,
  next: (lease: LeaseRecord) => LeaseRecord | undefined,
): Promise<LeaseRecord | undefined> {
  return changeRecord(
    records,
    { collection: COLLECTION, id, schema: LeaseRecord, expiresInSeconds: KEPT_SECONDS },
    next,
  )
}

/** Changes one proxy of a lease; `next` as in updateLease. @throws when there is no such lease */
export async function updateProxy(
  records: Records,
  id: string,
  uid: string,
  next: (proxy: LeaseProxy, lease: LeaseRecord) => LeaseProxy | undefined,
): Promise<LeaseRecord> {
  const lease = await updateLease(records, id, (now) => {
    const changed = now.proxies.map((proxy) => (proxy.uid === uid ? (next(proxy, now) ?? proxy) : proxy))
    return changed.every((proxy, index) => proxy === now.proxies[index]) ? undefined : { ...now, proxies: changed }
  })
  if (lease === undefined) throw new Error(`lease ${id} is gone`)
  return lease
}

/** True while something of the lease may be on the proxy. */
export const isUnsettled = ({ state }: Pick<LeaseProxy, 'state'>): boolean =>
  state === 'noted' || state === 'raised' || state === 'unreachable'

/** True once the proxy's settings may have been set: they were read before that. */
export const wasTouched = ({ before, state }: LeaseProxy): boolean =>
  state !== 'refused' && Object.keys(before).length > 0

/** A pod's Ref as others take it. */
export const refOfPod = ({ pod: { kind, namespace, name } }: LeaseProxy): Ref => ({
  kind,
  name,
  ...defined({ namespace }),
})
