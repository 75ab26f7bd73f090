import { LEASE_ANNOTATION } from '../../fixes/lent-telemetry.ts'
import { isFields } from '../../mesh/fields.ts'
import { refOf, selects, type Labels, type Pod, type PolicyObject } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'

/** The label by which istiod marks the pods of a Gateway that it deploys. */
const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name'

/** Labels of a Telemetry's selector; none of one for a whole namespace, which an empty selector is too. */
function labelsOf({ spec }: PolicyObject): Labels | undefined {
  const labels = (spec?.selector as { matchLabels?: Labels } | undefined)?.matchLabels
  return labels === undefined || Object.keys(labels).length === 0 ? undefined : labels
}

/** Names of what a Telemetry is attached to. */
function attachedTo({ spec }: PolicyObject): string[] {
  const { targetRefs, targetRef } = spec ?? {}
  const all: unknown[] = [...(Array.isArray(targetRefs) ? (targetRefs as unknown[]) : []), targetRef]
  return all.flatMap((one) => (isFields(one) && typeof one.name === 'string' ? [one.name] : []))
}

/** The Telemetry objects, other than the one of this name, that are for single workloads and some of these pods among them. */
export function othersThatSelect(
  pods: readonly Pod[],
  telemetries: readonly PolicyObject[],
  own: string,
): PolicyObject[] {
  return telemetries.filter((one) => {
    const labels = labelsOf(one)
    const names = attachedTo(one)
    return (
      one.metadata.name !== own &&
      pods.some(
        ({ metadata }) =>
          metadata.namespace === one.metadata.namespace &&
          ((labels !== undefined && selects(labels, metadata.labels)) ||
            names.includes(metadata.labels?.[GATEWAY_NAME] ?? '')),
      )
    )
  })
}

/** Why none is added to these, in one sentence without a full stop. */
export function conflictText(others: readonly PolicyObject[]): string {
  const [first] = others
  const names = others
    .slice(0, 3)
    .map((one) => formatRef(refOf(one)))
    .join(', ')
  const lease = first?.metadata.annotations?.[LEASE_ANNOTATION]
  if (others.length === 1 && lease !== undefined)
    return `${names} of lease ${lease} turns on access logs of some of these pods already`
  return `${names} ${others.length === 1 ? 'selects' : 'select'} these pods already: of two Telemetry objects for the same pods, Istio lets their age decide which counts, some releases the older and some the younger. Set accessLogging there`
}
