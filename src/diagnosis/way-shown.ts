import type { Evidence } from '../evidence/evidence.ts'
import type { Target } from '../mesh/target.ts'
import type { FollowReport } from './follow/report.ts'
import { followTarget } from './follow-target.ts'
import { followUnproxied } from './follow-unproxied.ts'
import type { Followed, FollowOptions } from './requests/followed.ts'

/**
 * The path that a report shows. Where requests fail, one that arrives only stands for them when none is known on which they fail: then that of those with most
 * failures is shown, from their own caller on.
 */
export function wayShown(
  failing: readonly Followed[],
  target: Target,
  evidence: Evidence,
  options: Pick<FollowOptions, 'context' | 'at'>,
): FollowReport | undefined {
  const usual = followTarget(target, evidence, options)
  if (usual?.outcome === 'dies') return usual
  for (const { way, requests, present } of failing.toSorted(
    (a, b) => b.present.failures.length - a.present.failures.length,
  )) {
    if (way?.report.outcome === 'dies') return way.report
    const unproxied = followUnproxied({ ...requests, requests: present.failures }, evidence, options)
    if (unproxied !== undefined) return unproxied
  }
  return usual
}
