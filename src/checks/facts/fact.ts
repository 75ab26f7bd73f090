import type { Evidence } from '../../evidence/evidence.ts'
import type { ObjectKind } from '../../evidence/reading.ts'
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

/**
 * A derivation from all objects of some kinds, made anew only when one of these kinds was read again: evidence grows look by look, and most looks
 * are at other things.
 *
 * @param kinds all that it is made from, beside the cluster's domain
 */
export function ofKinds<T>(kinds: readonly ObjectKind[], derive: (evidence: Evidence) => T): (evidence: Evidence) => T {
  const known = new WeakMap<object, { read: readonly object[]; domain: string; value: T }>()
  return once((evidence: Evidence) => {
    const read = kinds.flatMap((kind) => evidence.whatWasRead(kind) ?? [])
    const [first] = read
    if (first === undefined) return derive(evidence)
    const kept = known.get(first)
    const isKept =
      kept?.domain === evidence.clusterDomain &&
      kept.read.length === read.length &&
      read.every((one, at) => one === kept.read[at])
    if (isKept) return kept.value
    const value = derive(evidence)
    known.set(first, { read, domain: evidence.clusterDomain, value })
    return value
  })
}
