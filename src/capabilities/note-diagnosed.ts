import type { Report } from '../diagnosis/report.ts'
import { triageOf } from '../diagnosis/triage/triage.ts'
import { defined } from '../mesh/defined.ts'
import type { ChangeSeen } from '../diagnosis/triage/changes-within.ts'
import { formatRef, sameRef, type Ref } from '../mesh/ref.ts'
import { changeSeenText } from '../report/change-seen-text.ts'
import { headline } from '../report/telling.ts'
import {
  changeSubject,
  listPast,
  listSubjects,
  readSubject,
  type Incident,
  type IncidentSubject,
} from '../store/incidents.ts'
import type { Records } from '../store/records.ts'
import type { CapabilityDeps } from './deps.ts'

/** Characters of a sentence that is kept. */
const MOST = 600

/**
 * Notes on an incident what was found: another cause than before is news, and incidents that turn out to have the same cause become one. Doing it again changes nothing.
 */
export async function noteDiagnosed(
  { records, checks, ownerLabels }: Pick<CapabilityDeps, 'records' | 'checks' | 'ownerLabels'>,
  incident: { subject: string; id: string },
  report: Report,
): Promise<void> {
  const { cause, verdict } = report
  const before = (await readSubject(records, incident.subject))?.incidents.find(({ id }) => id === incident.id)
  if (before === undefined) return
  const { owner, ...triage } = triageOf(report, before.firstAt, ownerLabels)
  const found =
    cause === undefined
      ? undefined
      : {
          key: `${cause.finding.code} ${formatRef(cause.finding.subject)}`,
          says: headline(checks, report).slice(0, MOST),
        }
  const seen = found === undefined ? undefined : await seenBefore(records, before, found.key)
  await changeSubject(records, incident.subject, (subject) => {
    const own = subject.incidents.find(({ id }) => id === incident.id)
    if (own === undefined) return undefined
    const noted: Incident = {
      ...own,
      verdict,
      ...(found !== undefined && { cause: found }),
      ...(seen !== undefined && { seen }),
      ...((own.owner ?? owner) !== undefined && defined({ owner: own.owner ?? owner })),
      triage: {
        ...triage,
        hit: triage.hit.slice(0, 20),
        before: causeFirst(triage.before, cause?.finding.subject).map((one) => ({
          at: one.at,
          says: changeSeenText(one).slice(0, 300),
        })),
      },
    }
    const changed = own.cause !== undefined && found !== undefined && own.cause.key !== found.key
    const news: Incident = changed
      ? {
          ...noted,
          news: [...noted.news, { at: report.finishedAt, cause: { from: own.cause?.says ?? '', to: found.says } }],
        }
      : noted
    return merged({ ...subject, incidents: subject.incidents.map((one) => (one.id === own.id ? news : one)) }, news)
  })
}

/** The object that is the cause before all others. */
const causeFirst = (changes: readonly ChangeSeen[], subject: Ref | undefined): ChangeSeen[] =>
  changes.toSorted((one, other) => Number(isOf(other, subject)) - Number(isOf(one, subject)))
const isOf = ({ of }: ChangeSeen, subject: Ref | undefined): boolean => subject !== undefined && sameRef(of, subject)

/** Incidents about the same target with the same cause that are over. */
async function seenBefore(
  records: Records,
  { id, target, cluster }: Incident,
  cause: string,
): Promise<Incident['seen']> {
  const active = (await listSubjects(records)).flatMap(({ incidents }) =>
    incidents.filter(({ state }) => state === 'resolved'),
  )
  const all = new Map([...(await listPast(records)), ...active].map((one) => [one.id, one]))
  const same = [...all.values()].filter(
    (one) =>
      one.id !== id &&
      one.mergedInto === undefined &&
      one.cause?.key === cause &&
      one.target?.text === target?.text &&
      one.cluster === cluster,
  )
  const last = same.toSorted((one, other) => one.firstAt.localeCompare(other.firstAt)).at(-1)
  if (last === undefined) return undefined
  const { firstAt, resolvedAt, ended, run } = last
  return { times: same.length, at: firstAt, ...defined({ until: resolvedAt, ended: ended?.says, run }) }
}

/** Lets the later of two open incidents with one cause, in one channel and of one caller, go on in the earlier. */
function merged(subject: IncidentSubject, own: Incident): IncidentSubject {
  const same = subject.incidents.filter(
    (one) =>
      one.state === 'open' &&
      one.mergedInto === undefined &&
      one.cause !== undefined &&
      one.cause.key === own.cause?.key &&
      one.channel === own.channel &&
      one.caller === own.caller,
  )
  const [first, ...later] = same.toSorted(
    (one, other) => one.firstAt.localeCompare(other.firstAt) || one.id.localeCompare(other.id),
  )
  if (first === undefined || later.length === 0) return subject
  const all = [first, ...later]
  const into: Incident = {
    ...first,
    alerts: Object.assign({}, ...all.toReversed().map(({ alerts }) => alerts)) as Incident['alerts'],
    names: [...new Set(all.flatMap(({ names }) => names))],
    flags: [...new Set(all.flatMap(({ flags }) => flags))],
    codes: [...new Set(all.flatMap(({ codes }) => codes))],
    pods: [...new Set(all.flatMap(({ pods }) => pods))],
    lastAt:
      all
        .map(({ lastAt }) => lastAt)
        .toSorted()
        .at(-1) ?? first.lastAt,
  }
  return {
    ...subject,
    incidents: subject.incidents.map((one) =>
      one.id === first.id
        ? into
        : later.some(({ id }) => id === one.id)
          ? { ...one, alerts: {}, news: [], mergedInto: first.id }
          : one,
    ),
  }
}
