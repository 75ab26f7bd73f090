import { objects } from '../evidence/collectors/objects.ts'
import type { ObjectKind } from '../evidence/reading.ts'
import type { AnyStep } from '../evidence/step.ts'
import type { TargetQuery } from '../mesh/target-query.ts'

/** Kinds whose objects name hosts that are no Service's. */
const HOSTS: readonly ObjectKind[] = ['virtual-services', 'service-entries', 'gateways']

/** A list of one kind, of a namespace or of all. */
export const listOf = (kind: ObjectKind, namespace?: string): AnyStep =>
  objects(kind, 'objects', namespace === undefined ? {} : { namespace }) as AnyStep

/** The few lists by which a query is resolved to its target, but for its pods. */
export function planTarget({ form, text, namespace }: TargetQuery): AnyStep[] {
  const own = form === 'deploy' ? [listOf('deployments', namespace)] : form === 'pod' ? [listOf('pods', namespace)] : []
  const hosts = form === 'host' || (form === 'name' && text.includes('.')) ? HOSTS.map((kind) => listOf(kind)) : []
  return [listOf('namespaces'), listOf('services'), ...own, ...hosts]
}
