import { UnseenError } from '../../evidence/clients/clients.ts'
import { RESOURCES } from '../../evidence/collectors/objects.ts'
import { ALLOWED_BY, isLent, telemetryName, type LentAccessLog } from '../../fixes/lent-telemetry.ts'
import { refOf, selects, type Pod, type PolicyObject } from '../../mesh/objects.ts'
import { hasProxy } from '../../mesh/pods.ts'
import type { Held, Leasable, Settings } from '../leasable.ts'
import type { LeaseDeps } from '../lease-deps.ts'
import { refOfPod } from '../lease-record.ts'
import { ACCESS_LOG, NO_OBJECT } from '../lease-words.ts'
import { conflictText, othersThatSelect } from './selecting-telemetries.ts'

/** The value of the setting while an object of the lease's name is there that is not as the lease made it. */
const CHANGED = 'changed'
/** Pods whose logs are saved at most. */
const MOST_PODS = 20

/** What the lease's Telemetry object turns on. @throws UnseenError for a record that is none of access logs */
function wantedBy({ lease, proxy }: Held): LentAccessLog {
  const { namespace } = refOfPod(proxy)
  const { [ACCESS_LOG]: provider } = lease.lent
  if (namespace === undefined || provider === undefined || proxy.selector === undefined)
    throw new UnseenError(
      'unparsable',
      `the record of the lease is damaged: it does not say which workload it is about; if Telemetry ${telemetryName(lease.id)} is there, delete it by hand (kubectl get telemetry -A)`,
    )
  return { namespace, provider, selector: proxy.selector }
}

/** Access logs of a workload, turned on by a Telemetry object of the lease's own: there is none before, and none after. */
export const accessLogs: Leasable = {
  kind: 'access-logs',
  async read({ clients }, held, signal): Promise<Settings> {
    const wanted = wantedBy(held)
    const { lease, proxy } = held
    const name = telemetryName(lease.id)
    const found = await clients.kubernetes.list(
      RESOURCES.telemetries,
      { namespace: wanted.namespace, fields: `metadata.name=${name}` },
      signal,
    )
    const object = found.find(({ metadata }) => metadata.name === name && metadata.namespace === wanted.namespace)
    if (object === undefined) return { [ACCESS_LOG]: NO_OBJECT }
    return { [ACCESS_LOG]: isLent(object, lease.id, wanted, proxy.object) ? wanted.provider : CHANGED }
  },
  async set({ writer, clients }, { permit, settings, ...held }, signal) {
    const wanted = wantedBy(held)
    const { proxy } = held
    if (settings[ACCESS_LOG] === NO_OBJECT) {
      await writer.turnOffAccessLog(permit, refOfPod(proxy), wanted, proxy.object, signal)
      return undefined
    }
    const uid = await writer.turnOnAccessLog(permit, refOfPod(proxy), wanted, signal)
    // Somebody may have made another one since it was looked: then nobody knows which of them counts.
    const conflict = await conflictOf(clients, held, signal)
    if (conflict !== undefined) throw new UnseenError('unavailable', conflict)
    return uid
  },
  refusal: (_wanted, { [ACCESS_LOG]: has }) =>
    has === NO_OBJECT ? undefined : "a Telemetry object of the lease's name is there already",
  obstacle: async ({ clients }, held, signal) =>
    (await conflictOf(clients, held, signal)) ?? (await whyLasting(clients, held, signal)),
  claimOf: () => ACCESS_LOG,
  podsOf: async ({ clients }, held, signal) =>
    (await selectedPods(clients, held, signal)).slice(0, MOST_PODS).map(refOf),
  left(_others, held) {
    const { namespace } = wantedBy(held)
    const name = telemetryName(held.lease.id)
    return `Telemetry ${namespace}/${name} was changed or made anew by somebody else; to delete it: kubectl delete telemetry ${name} -n ${namespace}`
  },
}

async function selectedPods({ kubernetes }: LeaseDeps['clients'], held: Held, signal: AbortSignal): Promise<Pod[]> {
  const { namespace, selector } = wantedBy(held)
  const pods = (await kubernetes.list(RESOURCES.pods, { namespace }, signal)) as Pod[]
  return pods.filter((pod) => selects(selector, pod.metadata.labels) && hasProxy(pod))
}

/** Why the lease's object could be made and not be deleted again; undefined also where that is not known. */
async function whyLasting(
  { kubernetes }: LeaseDeps['clients'],
  held: Held,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { namespace } = wantedBy(held)
  const { group, plural } = RESOURCES.telemetries
  const may = (verb: 'create' | 'delete'): Promise<boolean> =>
    kubernetes.allowed({ verb, group, resource: plural, namespace }, signal).catch((error: unknown) => {
      if (error instanceof UnseenError) return true
      throw error
    })
  // What may not even be made is refused with the API server's own words.
  if ((await may('delete')) || !(await may('create'))) return undefined
  return `mesh-medic may not delete Telemetry objects in ${namespace}, as it has to when the lease is over (${ALLOWED_BY} allows it)`
}

/** Why the lease's object and another one would stand in each other's way. @throws UnseenError */
async function conflictOf(clients: LeaseDeps['clients'], held: Held, signal: AbortSignal): Promise<string | undefined> {
  const { namespace } = wantedBy(held)
  const [telemetries, pods] = await Promise.all([
    clients.kubernetes.list(RESOURCES.telemetries, { namespace }, signal),
    selectedPods(clients, held, signal),
  ])
  const others = othersThatSelect(pods, telemetries as PolicyObject[], telemetryName(held.lease.id))
  return others.length === 0 ? undefined : conflictText(others)
}
