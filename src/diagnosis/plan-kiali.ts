import { byOwner, podsOf } from '../checks/facts/owners.ts'
import { routingObjects } from '../checks/facts/traffic-of.ts'
import { kialiHealth, kialiValidations } from '../evidence/collectors/kiali.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { KialiApp } from '../evidence/kiali.ts'
import type { AnyStep } from '../evidence/step.ts'
import { refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { kialiValidation } from '../checks/kiali-validation.ts'
import type { Report, Skipped } from './report.ts'

/** Namespaces that Kiali is asked about, at most: the target's own first. */
const MOST_NAMESPACES = 4

/** What Kiali holds against the target's objects, and the health of its applications; nothing where none is configured. */
export function planKiali(target: Target, evidence: Evidence, hasKiali: boolean): AnyStep[] {
  if (!hasKiali || target.namespace === '') return []
  const objects = routingObjects(evidence, target).map((object) => ({ object, of: refOf(object) }))
  const workloads = byOwner(podsOf(target, evidence), evidence).map(({ owner }) => owner)
  const namespaces = [target.namespace, ...objects.flatMap(({ of: { namespace } }) => namespace ?? [])]
  return [
    ...[...new Set(namespaces)].slice(0, MOST_NAMESPACES).map((namespace) =>
      kialiValidations(
        namespace,
        objects.filter(({ of }) => of.namespace === namespace).map(({ object }) => object),
        workloads.filter((of) => of.namespace === namespace),
      ),
    ),
    kialiHealth(target.namespace),
  ]
}

/** What Kiali says of objects that were changed since, or may have been. */
export const kialiOutdated = (evidence: Evidence): Skipped[] =>
  evidence
    .seen('kiali-validations')
    .flatMap(({ value }) => value.outdated)
    .map(({ of, says }) => ({
      check: kialiValidation.name,
      what: `Kiali's validations of ${formatRef(of)}`,
      reason: 'outdated',
      detail: says,
      partly: true,
      isAside: true,
    }))

/** Kiali's health of the target's applications; undefined where it was not asked. */
export function kialiOf(target: Target, evidence: Evidence): Report['kiali'] {
  const [blind] = evidence.blind('kiali-health')
  if (blind !== undefined) return { apps: [], unseen: blind.detail }
  const read = evidence.seen('kiali-health')
  if (read.length === 0) return undefined
  const names = new Set(podsOf(target, evidence).flatMap(({ metadata: { labels } }) => appOf(labels) ?? []))
  const apps = read.flatMap(({ value }) => value.apps).filter(({ app }: KialiApp) => names.has(app))
  return { apps }
}

/** The application that Kiali counts a pod to. */
const appOf = (labels: Record<string, string> = {}): string | undefined =>
  labels['service.istio.io/canonical-name'] ?? labels.app ?? labels['app.kubernetes.io/name']
