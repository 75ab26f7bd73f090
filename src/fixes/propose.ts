import type { Finding } from '../checks/check.ts'
import { hurts } from '../diagnosis/cause.ts'
import type { Advice, Change } from '../diagnosis/change.ts'
import type { Report } from '../diagnosis/report.ts'
import { Evidence } from '../evidence/evidence.ts'
import { RESOURCES } from '../evidence/collectors/objects.ts'
import type { ObjectKind } from '../evidence/reading.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import { unifiedDiff } from './diff.ts'
import { digestOf } from './digest.ts'
import { adviceFor } from './drafting/for-people.ts'
import { applied, parseManifest, yamlOf, yamlText } from './manifest.ts'
import type { Fix, Proposal, Write } from './proposal.ts'
import { FIXES } from './proposals/index.ts'
import { defined } from '../mesh/defined.ts'

/** What would mend findings, in their order, and what of them only people can. */
export interface Proposed {
  proposals: Proposal[]
  advice: Advice[]
}

/** Candidates with less risk come first. */
const LEVELS = ['low', 'medium', 'high']

/** Asks every fix; where several candidates mend one finding, each has a `choice` that tells it apart. */
export function proposalsFor(
  findings: readonly Finding[],
  evidence: Evidence,
  target: Target,
  fixes: readonly Fix[] = FIXES,
): Proposed {
  const proposed: Proposed = { proposals: [], advice: [] }
  const known = new Set<string>()
  for (const finding of findings) {
    const answers = fixes
      .filter(({ codes }) => codes.includes(finding.code))
      .map((fix) => fix.propose(finding, evidence, target))
    const all = answers.flatMap((answer) => (Array.isArray(answer) ? answer : []))
    const fresh = all.filter((one) => {
      const id = digestOf(one.writes)
      const isNew = !known.has(id)
      known.add(id)
      return isNew
    })
    const safest = fresh.toSorted((a, b) => LEVELS.indexOf(a.risk.level) - LEVELS.indexOf(b.risk.level))
    proposed.proposals.push(...(safest.length > 1 ? toldApart(safest) : safest))
    if (all.length > 0) continue
    const says = answers.flatMap((answer) => (Array.isArray(answer) ? [] : [answer.people]))[0] ?? adviceFor(finding)
    proposed.advice.push({ for: finding.code, subject: finding.subject, says })
  }
  return proposed
}

/** What a report offers: for what hurts, the cause first; what the cause explains goes away with it. */
export function changesOf(
  report: Report,
  evidence: Evidence = new Evidence(report.readings),
): { changes: Change[]; advice: Advice[] } {
  const { cause, findings } = report
  const follows = new Set(cause?.explains)
  const wanted = [
    ...(cause === undefined ? [] : [cause.finding]),
    ...findings.filter((one) => hurts(one) && one !== cause?.finding && !follows.has(one)),
  ]
  const { proposals, advice } = proposalsFor(wanted, evidence, report.target)
  return { changes: proposals.map((proposal) => changeOf(proposal, evidence)), advice }
}

function changeOf({ act, for: code, title, why, undo, writes }: Proposal, evidence: Evidence): Change {
  return {
    id: digestOf(writes),
    for: code,
    kind: 'fix',
    act,
    subjects: writes.map(({ ref }) => ref),
    title,
    why,
    risk: 'change',
    diff: diffOf(writes, evidence),
    undo,
  }
}

/** Unified diff of the objects as they were seen and as the writes would leave them. */
export function diffOf(writes: readonly Write[], evidence: Evidence): string {
  return writes
    .map((write) => {
      const object = seenObject(write, evidence)
      // Of a pod only its name: the next one comes from the same template, and its environment is nobody's to read here.
      const before =
        object === undefined
          ? undefined
          : object.kind === 'Pod'
            ? yamlOf({
                kind: object.kind,
                metadata: { name: object.metadata.name, ...defined({ namespace: write.ref.namespace }) },
              })
            : yamlOf(object)
      if (write.verb === 'delete') return unifiedDiff(formatRef(write.ref), before ?? '', undefined)
      const after =
        object === undefined || write.was === 'absent'
          ? write.manifest
          : yamlText(applied(object, parseManifest(write.manifest)))
      return unifiedDiff(formatRef(write.ref), write.was === 'absent' ? undefined : before, after)
    })
    .join('')
}

function seenObject({ ref, apiVersion }: Write, evidence: Evidence): KubernetesObject | undefined {
  // Two kinds are called Gateway.
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  const kind = (Object.keys(RESOURCES) as ObjectKind[]).find(
    (one) => RESOURCES[one].kind === ref.kind && RESOURCES[one].group === group,
  )
  return kind === undefined
    ? undefined
    : evidence.objects(kind).find(({ metadata }) => metadata.name === ref.name && metadata.namespace === ref.namespace)
}

/** Candidates must be told apart by a few words: their own, or else their title; a number where these are the same. */
function toldApart(proposals: readonly Proposal[]): Proposal[] {
  const taken = new Set<string>()
  return proposals.map((proposal) => {
    const words = proposal.choice ?? proposal.title
    let choice = words
    for (let number = 2; taken.has(choice); number += 1) choice = `${words} (${number})`
    taken.add(choice)
    return { ...proposal, choice }
  })
}
