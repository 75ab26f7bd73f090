import type { Evidence } from '../../evidence/evidence.ts'
import type { Target } from '../../mesh/target.ts'

/**
 * A derivation that is made once for each thing it is made from, and kept as long as that lives. The thing must not change: evidence, a reading's
 * value and a target do not. What it answers is shared, so it must not be changed either.
 */
export function once<K extends object, T>(derive: (from: K) => T): (from: K) => T {
  const known = new WeakMap<K, { value: T }>()
  return (from) => {
    let kept = known.get(from)
    if (kept === undefined) known.set(from, (kept = { value: derive(from) }))
    return kept.value
  }
}

/** A fact about a target: derived once for each diagnosis, however many checks ask for it. */
export function fact<T>(derive: (evidence: Evidence, target: Target) => T): (evidence: Evidence, target: Target) => T {
  const byEvidence = once((evidence: Evidence) => once((target: Target) => derive(evidence, target)))
  return (evidence, target) => byEvidence(evidence)(target)
}
