import type { Report } from '../diagnosis/report.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import { changedAt } from '../mesh/objects.ts'
import { formatRef, sameRef, type Ref } from '../mesh/ref.ts'

/** When an object was changed last, of those that were read; undefined when nobody knows. */
function changeOf(ref: Ref, { readings }: Pick<Report, 'readings'>): number | undefined {
  for (const reading of readings) {
    if (!reading.ok || !Array.isArray(reading.value)) continue
    const found = (reading.value as Partial<KubernetesObject>[]).find(
      ({ kind, metadata }) =>
        kind === ref.kind &&
        metadata !== undefined &&
        sameRef({ kind, name: metadata.name, namespace: metadata.namespace ?? '' }, { namespace: '', ...ref }),
    )
    if (found !== undefined) return changedAt(found as KubernetesObject)
  }
  return undefined
}

/** What would tell several candidates apart, as one sentence: the one that was changed last first; undefined when there are none to tell. */
export function candidatesApart(
  report: Pick<Report, 'candidates' | 'readings'>,
  mark: (value: string) => string,
): string | undefined {
  const refs = (report.candidates ?? [])
    .flatMap(({ subject, subjects = [subject] }) => subjects)
    .filter((ref, index, all) => all.findIndex((other) => sameRef(other, ref)) === index)
  if (refs.length < 2) return undefined
  const [last, next] = refs
    .map((ref) => ({ ref, at: changeOf(ref, report) }))
    .toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))
  const apart = 'correct one of them, or revert its last change, and diagnose again'
  return last?.at === undefined || last.at === next?.at
    ? `To tell them apart, ${apart}.`
    : `To tell them apart, ${apart}: ${mark(formatRef(last.ref))} was changed last, at ${mark(new Date(last.at).toISOString())}.`
}
