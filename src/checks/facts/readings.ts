import type { Evidence } from '../../evidence/evidence.ts'
import type { EvidenceKind, Seen } from '../../evidence/reading.ts'
import type { Pod } from '../../mesh/objects.ts'
import type { proof } from '../check.ts'
import { once } from './fact.ts'

/** What a proof says of where it comes from. */
type Origin = Parameters<typeof proof>[0]

/** Where a proof comes from that no reading of its kind stands behind. */
const nowhere = (kind: EvidenceKind): Origin => ({ kind, source: '', at: '' })

/** The first reading of a kind, for a proof about objects of that kind. */
export const readingFor = (kind: EvidenceKind, evidence: Evidence): Origin => evidence.seen(kind)[0] ?? nowhere(kind)

const readings = once((evidence: Evidence): ReadonlyMap<string | undefined, Seen<'pods'>> => {
  const known = new Map<string | undefined, Seen<'pods'>>()
  for (const reading of evidence.seen('pods'))
    for (const { metadata } of reading.value) if (!known.has(metadata.uid)) known.set(metadata.uid, reading)
  return known
})

/** The reading that has a pod. */
export const readingOf = (pod: Pod, evidence: Evidence): Seen<'pods'> | undefined =>
  readings(evidence).get(pod.metadata.uid)

/** The reading that has a pod, for a proof about it. */
export const podReading = (pod: Pod, evidence: Evidence): Origin => readingOf(pod, evidence) ?? nowhere('pods')
