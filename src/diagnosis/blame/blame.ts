import type { Found, Proof } from '../../checks/check.ts'
import { proof } from '../../checks/check.ts'
import { latest, nearest, scopeOf, type Group } from '../../checks/facts/requests-to.ts'
import { quoteLine } from '../../checks/facts/traffic-of.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import { formatRef, sameRef } from '../../mesh/ref.ts'
import type { Ref } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import type { Hop } from '../follow/report.ts'
import type { Followed, Way } from '../requests/followed.ts'
import { arrivesWithout } from './counterfactual.ts'
import type { Lead } from './lead.ts'
import { leadsFor } from './leads.ts'

/** The hop, or the proxy in whose log the failures stand. */
function placeOf({ way, present, requests }: Followed): string {
  const hop = way?.failing[0]
  if (hop !== undefined) return `${hop.stage} ${hop.name}`
  const last = present.failures.at(-1)
  return last === undefined
    ? (requests.caller?.pod.name ?? 'an unknown place')
    : (nearest(last).log.of?.name ?? 'a proxy')
}

/** What a hop was read from. */
const READ_FROM = {
  listener: 'listeners',
  route: 'routes',
  cluster: 'clusters',
  endpoints: 'endpoints',
  inbound: 'listeners',
} as const

/** The reading that shows a hop: of the pod that takes the request when it fails there, else of its caller. */
function readingOf({ stage, name }: Hop, { trace }: Way, evidence: Evidence): Seen | undefined {
  const kind = READ_FROM[stage]
  return stage === 'inbound'
    ? evidence.seen(kind).find(({ of }) => of?.name === name)
    : evidence.seenOf(kind, trace.caller.pod)
}

/** What shows that a class fails: the request in the log, and the piece of live configuration. */
function proofs({ way, present: { failures, requests } }: Followed, evidence: Evidence): Proof[] {
  const hop = way?.failing[0]
  const { log, entry } = failures.length === 0 ? {} : nearest(latest(failures as unknown as Group))
  const reading = way === undefined || hop === undefined ? undefined : readingOf(hop, way, evidence)
  return [
    ...(log === undefined || entry === undefined
      ? []
      : [
          proof(
            log,
            `${failures.length} of ${requests} requests fail, at ${log.of?.name ?? 'a proxy'}`,
            quoteLine(entry),
          ),
        ]),
    ...(hop === undefined || reading === undefined
      ? []
      : [proof({ ...reading, source: hop.command }, hop.says, hop.quote)]),
  ]
}

function found(
  { code, subject, why, remedy, because = [] }: Lead,
  followed: Followed,
  target: Target,
  evidence: Evidence,
): Found[] {
  const [first, ...others] = [...because, ...proofs(followed, evidence)]
  if (first === undefined) return []
  return [
    {
      code,
      subject,
      standing: followed.standing,
      args: { clause: why, correction: remedy },
      because: [first, ...others],
      scope: [...scopeOf(followed.present.failures, target), formatRef(subject)],
    },
  ]
}

/** How much a class weighs: by the requests that were seen to fail, else as one. */
const weight = ({ present: { failures } }: Followed): number => Math.max(1, failures.length)

/** Classes whose leads are held against the walk, at most. */
const MOST_TESTED = 8

/**
 * Leads as the walk bears them out: those without which the same request arrives go before those that it fails without all the same, and before those that live
 * configuration does not hold.
 */
function tested(leads: readonly Lead[], { way }: Followed, evidence: Evidence): Lead[] {
  const [hop] = way?.failing ?? []
  if (way === undefined || hop === undefined) return [...leads]
  const reading = readingOf(hop, way, evidence)
  const proven = leads
    .filter(({ subject }) => arrivesWithout(subject, way, evidence) === true)
    .map((lead): Lead => ({
      ...lead,
      because: [
        ...(lead.because ?? []),
        ...(reading === undefined
          ? []
          : [
              proof(
                { ...reading, source: hop.command },
                `with ${formatRef(lead.subject)} removed or corrected, the same request arrives on the configuration read`,
              ),
            ]),
      ],
    }))
  const isKept = ({ subject, isDeeper }: Lead): boolean =>
    proven.length === 0 || (isDeeper === true && !proven.some((one) => sameRef(one.subject, subject)))
  return [...proven, ...leads.filter(isKept)]
}

/** Findings for the classes that fail: for each object to blame one, those that explain most failing requests first. */
export function blame(
  failing: readonly Followed[],
  target: Target,
  evidence: Evidence,
): { findings: Found[]; best: Ref[]; deeper: Ref[]; borneOut: Ref[] } {
  // What was seen to fail says more than what is foreseen to.
  const cases = failing
    .map((followed, place) => {
      const leads = leadsFor({ followed, target, evidence })
      return { followed, leads: place < MOST_TESTED ? tested(leads, followed, evidence) : leads }
    })
    .toSorted((a, b) => Number(b.followed.standing === 'observed') - Number(a.followed.standing === 'observed'))
  const findings: Found[] = []
  const score = new Map<string, { subject: Ref; weight: number }>()
  for (const { followed, leads } of cases) {
    for (const lead of leads) {
      const key = formatRef(lead.subject)
      const known = score.get(key)
      score.set(key, { subject: lead.subject, weight: (known?.weight ?? 0) + weight(followed) / leads.length })
      if (known === undefined) findings.push(...found(lead, followed, target, evidence))
    }
    if (leads.length > 0) continue
    const [first, ...others] = proofs(followed, evidence)
    if (first === undefined || findings.some(({ code }) => code === 'MESH0432')) continue
    findings.push({
      code: 'MESH0432',
      subject: target.ref,
      standing: followed.standing,
      args: { failed: weight(followed), where: placeOf(followed) },
      because: [first, ...others],
      scope: scopeOf(followed.present.failures, target),
    })
  }
  const deeper = cases.flatMap(({ leads }) =>
    leads.filter(({ isDeeper }) => isDeeper === true).map(({ subject }) => subject),
  )
  const borneOut = cases.flatMap(({ followed: { way, standing }, leads }) =>
    way?.foreseen === 'fails' && standing === 'observed' ? leads.map(({ subject }) => subject) : [],
  )
  const ranked = [...score.values()].toSorted((a, b) => b.weight - a.weight)
  const [most] = ranked
  const likeliest = ranked
    .filter((one) => most !== undefined && one.weight >= most.weight * 0.999)
    .map(({ subject }) => subject)
  // Requests of one class may be those of another on their way: what is known of them there counts here.
  const known = likeliest.filter((one) => deeper.some((other) => sameRef(one, other)))
  return {
    findings,
    best: known.length > 0 ? known : likeliest,
    deeper,
    borneOut,
  }
}
