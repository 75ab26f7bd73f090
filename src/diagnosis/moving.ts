import { requestsFail } from '../checks/requests-fail.ts'
import type { Istioctl } from '../evidence/clients/clients.ts'
import { Evidence } from '../evidence/evidence.ts'
import { RESOURCES } from '../evidence/collectors/objects.ts'
import type { ObjectKind } from '../evidence/reading.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import type { Report } from './report.ts'

/** API groups whose objects become configuration of proxies. */
const CONFIGURING: readonly string[] = ['networking.istio.io', 'security.istio.io', 'gateway.networking.k8s.io']
const KINDS = (Object.keys(RESOURCES) as ObjectKind[]).filter((kind) => CONFIGURING.includes(RESOURCES[kind].group))

/** Objects are dated by whole seconds: the one in which the first look was made counts, which costs at most a second reading. */
const SECOND = 1000

/** Proxies and objects that changed while they were read: what was read of one may not be what was read of another. */
export function movedDuring({ readings, startedAt }: Report, istioctl: Istioctl): string[] {
  const began = Date.parse(startedAt)
  const proxies = readings.flatMap(({ kind, of, ok }) =>
    ok && kind === 'listeners' && of !== undefined && (istioctl.changedAt?.(of)?.getTime() ?? 0) > began
      ? [formatRef(of)]
      : [],
  )
  const evidence = new Evidence(readings)
  const objects = KINDS.flatMap((kind) =>
    evidence
      .objects(kind)
      .flatMap((object) => (latestChange([object]) > began - SECOND ? [formatRef(refOf(object))] : [])),
  )
  return [...proxies, ...objects]
}

/** Whether two reports say the same: then it did not matter what changed between them. */
export function saysTheSame(one: Report, other: Report): boolean {
  const cause = one.cause?.finding
  const otherCause = other.cause?.finding
  return (
    one.verdict === other.verdict &&
    (cause === undefined
      ? otherCause === undefined
      : cause.code === otherCause?.code && sameRef(cause.subject, otherCause.subject))
  )
}

/** The report of a mesh that would not keep still: nothing is claimed. */
export function unsettled(report: Report, moved: readonly string[]): Report {
  const { cause: _cause, candidates: _candidates, verdictReason: _reason, ...rest } = report
  return {
    ...rest,
    verdict: 'unclear',
    skipped: [
      ...rest.skipped,
      {
        check: requestsFail.name,
        what: 'configuration at one moment',
        reason: 'moving',
        detail: `it changed while it was read, and again when it was read a second time (${moved.slice(0, 3).join(', ')}${moved.length > 3 ? ` and ${moved.length - 3} more` : ''}); diagnose again when no change is in progress`,
        partly: true,
      },
    ],
  }
}
