import { failed } from '../../mesh/access-log.ts'
import type { Group, Request } from './requests-to.ts'
import { groupBy } from './requests-to.ts'

/** Of the failures, the share that must meet one endpoint for it to be the matter. */
const CONCENTRATED = 0.8
/** Failures the other endpoints would have had at the one's rate: at three, having none by chance has one chance in twenty. */
const WOULD_HAVE_FAILED = 3

/** The endpoint that nearly all failures met. */
export interface WorstEndpoint {
  /** `10.244.0.9:3000`. */
  address: string
  /** The failures that met it. */
  group: Group
  /** Addresses that answered, and how many requests went to any other than the worst. */
  others: string[]
  elsewhere: number
}

/** The endpoint that nearly all failures met, when others took enough requests to have failed as well; undefined when no endpoint stands out. */
export function worstEndpoint(requests: readonly Request[], failures: readonly Request[]): WorstEndpoint | undefined {
  const [group] = groupBy(
    failures.filter(({ entry }) => entry.upstreamHost !== undefined),
    ({ entry }) => entry.upstreamHost ?? '',
  )
  if (group === undefined) return undefined
  const address = group[0].entry.upstreamHost ?? ''
  const elsewhere = requests.filter(({ entry }) => entry.upstreamHost !== undefined && entry.upstreamHost !== address)
  const others = [
    ...new Set(elsewhere.filter(({ entry }) => !failed(entry)).map(({ entry }) => entry.upstreamHost ?? '')),
  ]
  const rate = group.length / requests.filter(({ entry }) => entry.upstreamHost === address).length
  if (
    others.length === 0 ||
    group.length < 2 ||
    group.length < failures.length * CONCENTRATED ||
    elsewhere.length * rate < WOULD_HAVE_FAILED
  )
    return undefined
  return { address, group, others, elsewhere: elsewhere.length }
}
