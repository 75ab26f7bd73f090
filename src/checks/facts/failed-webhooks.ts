import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { ClusterEvent, Workload } from '../../mesh/objects.ts'
import { refOf, selects } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { sameRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'

/** A webhook whose failure keeps a workload of the target from making pods. */
export interface FailedWebhook {
  /** The maker of the pods: a ReplicaSet or StatefulSet. */
  maker: Workload
  /** `namespace.sidecar-injector.istio.io`. */
  webhook: string
  /** Where the API server looked for it: `name.namespace`; absent for one outside the cluster. */
  service?: string
  /** Why it failed. */
  reason: string
  event: ClusterEvent
  reading: Seen
}

/** The API server's words; an injection webhook of Istio is named so whatever the revision. */
const FAILED = /failed calling webhook "([^"]*sidecar-injector\.istio\.io)": (.*)$/s
const SERVICE = /https:\/\/([a-z0-9-]+)\.([a-z0-9-]+)\.svc[:/]/

const lacksPods = ({ spec, status }: Workload): boolean => (spec?.replicas ?? 1) > (status?.replicas ?? 0)

/** ReplicaSets and StatefulSets whose pods the target would have. */
function makersFor(evidence: Evidence, target: Target): Workload[] {
  const selectors = evidence
    .objects('services')
    .filter((service) => target.services.some((ref) => sameRef(ref, refOf(service))))
    .map(({ metadata, spec }) => ({ namespace: metadata.namespace, selector: spec?.selector }))
  return [...evidence.objects('replica-sets'), ...evidence.objects('stateful-sets')].filter((one) => {
    const owned =
      one.metadata.namespace === target.ref.namespace &&
      one.metadata.ownerReferences?.some(({ kind, name }) => kind === target.ref.kind && name === target.ref.name) ===
        true
    return (
      owned ||
      sameRef(refOf(one), target.ref) ||
      selectors.some(
        ({ namespace, selector }) =>
          namespace === one.metadata.namespace && selects(selector, one.spec?.template?.metadata?.labels),
      )
    )
  })
}

/** Webhooks that fail for workloads which still lack pods; each workload's newest failure. */
export function failedWebhooks(evidence: Evidence, target: Target): FailedWebhook[] {
  return makersFor(evidence, target)
    .filter(lacksPods)
    .flatMap((maker): FailedWebhook[] => {
      const about = ({ involvedObject }: ClusterEvent): boolean =>
        involvedObject?.name === maker.metadata.name && involvedObject.namespace === maker.metadata.namespace
      const found = evidence
        .found('events')
        .filter(({ object }) => object.reason === 'FailedCreate' && about(object))
        .toSorted((a, b) => (a.object.lastTimestamp ?? '').localeCompare(b.object.lastTimestamp ?? ''))
        .at(-1)
      const [, webhook, reason] = FAILED.exec(found?.object.message ?? '') ?? []
      if (found === undefined || webhook === undefined || reason === undefined) return []
      const [, name, namespace] = SERVICE.exec(reason) ?? []
      return [
        {
          maker,
          webhook,
          reason,
          event: found.object,
          reading: found.reading,
          ...(name !== undefined && namespace !== undefined && { service: `${name}.${namespace}` }),
        },
      ]
    })
}

/** The configuration that has the webhook, by the Service it calls; undefined when it was not read, or several might. */
export function configurationOf(
  { webhook, service }: FailedWebhook,
  evidence: Evidence,
): { ref: Ref; reading: Seen; policy: string } | undefined {
  const all = evidence
    .found('mutating-webhooks')
    .flatMap(({ object, reading }) =>
      (object.webhooks ?? [])
        .filter(
          ({ name, clientConfig }) =>
            name === webhook &&
            (service === undefined ||
              `${clientConfig?.service?.name ?? ''}.${clientConfig?.service?.namespace ?? ''}` === service),
        )
        .map(({ failurePolicy = 'Fail' }) => ({ ref: refOf(object), reading, policy: failurePolicy })),
    )
  return all.length === 1 ? all[0] : undefined
}
