import type { Report } from '../diagnosis/report.ts'

/** What Kiali says of the target's applications, as one sentence without its full stop; undefined where it was not asked, or knows none. */
export function kialiSentence({ kiali }: Report): string | undefined {
  if (kiali === undefined) return undefined
  if (kiali.unseen !== undefined) return `the health of the target is not known: ${kiali.unseen}`
  const told = kiali.apps.map(({ app, status, errorRatio, workloads }) => {
    const short = workloads.filter(({ available, desired }) => available < desired)
    const why = [
      ...(errorRatio === undefined ? [] : [`${Math.round(errorRatio)} % of its requests fail`]),
      ...short.map(({ name, available, desired }) => `${available} of ${desired} pods of ${name} available`),
    ]
    return `health of ${app}: ${status}${why.length === 0 ? '' : ` (${why.join(', ')})`}`
  })
  return told.length === 0 ? undefined : told.join('; ')
}
