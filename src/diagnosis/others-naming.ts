import { podsOf } from '../checks/facts/owners.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { OtherObject } from '../evidence/other-objects.ts'
import type { Labels } from '../mesh/objects.ts'
import type { Target } from '../mesh/target.ts'

/** Depth to which a spec is searched. */
const DEEPEST = 12

interface Names {
  /** Texts that mean the target wherever they stand. */
  hosts: ReadonlySet<string>
  /** Texts that mean it in an object of its namespace. */
  local: ReadonlySet<string>
  namespace: string
  labels: readonly Labels[]
}

/** Whether a spec names the target: by one of its hosts, by its name in its namespace, or by labels that its pods have. */
function names(value: unknown, isLocal: boolean, target: Names, depth = 0): boolean {
  if (depth > DEEPEST) return false
  if (typeof value === 'string') return target.hosts.has(value.toLowerCase()) || (isLocal && target.local.has(value))
  if (Array.isArray(value)) return value.some((one) => names(one, isLocal, target, depth + 1))
  if (typeof value !== 'object' || value === null) return false
  const { matchLabels, namespace, ...rest } = value as Record<string, unknown>
  if (isLabels(matchLabels) && isLocal && target.labels.some((labels) => isSelectedBy(labels, matchLabels))) return true
  // A reference may say the namespace beside the name.
  const isHere = typeof namespace === 'string' ? namespace === target.namespace : isLocal
  return Object.values(rest).some((one) => names(one, isHere, target, depth + 1))
}

const isLabels = (value: unknown): value is Labels =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Some controllers prefix a label by where it comes from, `k8s:app`. */
const isSelectedBy = (labels: Labels, selector: Labels): boolean => {
  const wanted = Object.entries(selector)
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key.replace(/^(?:k8s|any):/, '')] === value)
}

/** Objects of kinds that are not understood here and that name the target, with the look that would tell what they do. */
export function othersNaming(target: Target, evidence: Evidence): { what: string; detail: string }[] {
  const own = [target.ref, ...target.services]
  const known: Names = {
    hosts: new Set([
      ...target.hosts,
      ...target.services.flatMap(({ name, namespace = '' }) => [`${name}.${namespace}`, `${name}.${namespace}.svc`]),
    ]),
    local: new Set(own.map(({ name }) => name)),
    namespace: target.namespace,
    labels: podsOf(target, evidence).map(({ metadata }) => metadata.labels ?? {}),
  }
  const isNaming = ({ metadata, spec }: OtherObject): boolean =>
    names(spec, metadata.namespace === undefined || metadata.namespace === target.namespace, known)
  return evidence
    .seen('other-objects')
    .flatMap(({ value }) => value)
    .flatMap(({ resource, objects }) =>
      objects.filter(isNaming).map(({ kind, metadata: { name, namespace } }) => ({
        what: `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
        detail: `it names the target, and what it does to requests is not known to mesh-medic: see kubectl get ${resource} ${name}${namespace === undefined ? '' : ` -n ${namespace}`} -o yaml`,
      })),
    )
}
