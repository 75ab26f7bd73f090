import type { ExplainedAlert } from '../alerts/explain.ts'
import { defined } from '../mesh/defined.ts'
import type { Incident, IncidentNews, IncidentSubject } from '../store/incidents.ts'
import { isWorse, severityOf } from './severity.ts'

/** Alerts that are kept one by one; those beyond are folded all the same, and their end is not waited for. */
const MOST_ALERTS = 500
const MOST_PODS = 50
const MOST_NAMES = 20
const MOST_ENDED = 200
/** Milliseconds after its end in which an incident goes on when its alerts fire again. */
const AGAIN_WITHIN = 15 * 60_000

/** What an alert is folded with. */
export interface FoldRequest {
  explained: ExplainedAlert & { route: { channel: string } }
  /** When it was told; ISO time. */
  at: string
  /** The id of the incident that it may begin. */
  newId: string
}

/** What is known of a subject after one more alert; the same object when that is no news. */
export function fold(subject: IncidentSubject, request: FoldRequest): IncidentSubject {
  const { alert } = request.explained
  const known = subject.incidents.find(({ alerts }) => Object.hasOwn(alerts, alert.fingerprint))
  const before = known?.alerts[alert.fingerprint]
  if (before !== undefined && known !== undefined) {
    if (isNoNews(before, alert, request.at)) return subject
  }
  if (alert.status === 'resolved')
    return known === undefined ? endedBefore(subject, request) : resolve(subject, known, request)
  if ((subject.ended[alert.fingerprint] ?? '') >= alert.startsAt) return subject
  const into =
    known !== undefined && takes(known, request) ? known : subject.incidents.find((one) => takes(one, request))
  return into === undefined
    ? { ...subject, touchedAt: request.at, incidents: [...subject.incidents, begun(request)] }
    : changed(subject, fired(into, request), request.at)
}

/** Whether an alert was sent again, or was overtaken by its own end or by its next beginning. */
function isNoNews(
  before: Incident['alerts'][string],
  { status, startsAt, endsAt }: ExplainedAlert['alert'],
  at: string,
): boolean {
  if (status === 'firing') return startsAt <= before.startsAt
  return before.status === 'resolved' || (endsAt ?? at) < before.startsAt
}

const changed = (subject: IncidentSubject, next: Incident, at: string): IncidentSubject => ({
  ...subject,
  touchedAt: at,
  incidents: subject.incidents.map((one) => (one.id === next.id ? next : one)),
})

/** Whether an alert is about what an incident is about. */
function takes(incident: Incident, { explained: { target, symptom, route }, at }: FoldRequest): boolean {
  if (incident.channel !== route.channel || incident.mergedInto !== undefined) return false
  if (incident.state === 'resolved' && Date.parse(at) - Date.parse(incident.resolvedAt ?? at) > AGAIN_WITHIN)
    return false
  const caller = target?.caller
  if (caller !== undefined && incident.caller !== undefined && caller !== incident.caller) return false
  const { flags } = symptom
  return flags.length === 0 || incident.flags.length === 0 || flags.some((flag) => incident.flags.includes(flag))
}

function begun({ explained, at, newId }: FoldRequest): Incident {
  const { alert, target, tried, symptom, route } = explained
  return {
    id: newId,
    state: 'open',
    channel: route.channel,
    ...defined({ cluster: route.cluster, elsewhere: route.elsewhere, owner: route.owner }),
    ...(target === undefined
      ? { tried: tried.map(({ looked, why }) => `${looked}: ${why}`.slice(0, 300)) }
      : {
          target: { text: target.text, ...defined({ namespace: target.namespace }) },
          by: target.by.slice(0, 300),
          ...defined({ caller: target.caller }),
        }),
    flags: symptom.flags,
    codes: symptom.codes,
    names: [alert.name.slice(0, 200)],
    alerts: { [alert.fingerprint]: { name: alert.name.slice(0, 200), status: 'firing', startsAt: alert.startsAt } },
    ...defined({ severity: severityOf(alert.labels) }),
    pods: target?.pod === undefined ? [] : [target.pod],
    links: linksOf(explained),
    createdAt: at,
    firstAt: alert.startsAt,
    lastAt: at,
    news: [],
    told: 0,
  }
}

/** Pages that the alert names; the address of its rule is one. */
function linksOf({ alert }: ExplainedAlert): Record<string, string> {
  const { runbook_url: runbook, dashboard_url: dashboard } = alert.annotations
  return Object.fromEntries(
    Object.entries({
      Runbook: runbook,
      Dashboard: dashboard,
      ...alert.links,
      Rule: alert.generatorUrl,
    }).filter(
      (entry): entry is [string, string] => /^https?:\/\/\S+$/.test(entry[1] ?? '') && (entry[1] ?? '').length <= 2000,
    ),
  )
}

/** An incident with one more firing alert. What is new of it is kept as facts. */
function fired(incident: Incident, { explained, at }: FoldRequest): Incident {
  const { alert, target, symptom } = explained
  const severity = severityOf(alert.labels)
  const worse = isWorse(incident.severity, severity)
  const pod = target?.pod
  const isNewPod = pod !== undefined && !incident.pods.includes(pod) && incident.pods.length < MOST_PODS
  const again = incident.state === 'resolved'
  const { resolvedAt: _at, ended: _end, ...open } = incident
  const isKept = Object.hasOwn(incident.alerts, alert.fingerprint) || Object.keys(incident.alerts).length < MOST_ALERTS
  const news: IncidentNews = {
    at,
    ...(isNewPod && { pods: [pod] }),
    ...(worse &&
      incident.severity !== undefined &&
      severity !== undefined && { worse: { from: incident.severity, to: severity } }),
    ...(again && { again }),
  }
  return {
    ...open,
    state: 'open',
    alerts: isKept
      ? {
          ...incident.alerts,
          [alert.fingerprint]: { name: alert.name.slice(0, 200), status: 'firing', startsAt: alert.startsAt },
        }
      : incident.alerts,
    names: united(incident.names, [alert.name.slice(0, 200)]).slice(0, MOST_NAMES),
    flags: united(incident.flags, symptom.flags),
    codes: united(incident.codes, symptom.codes),
    pods: isNewPod ? [...incident.pods, pod] : incident.pods,
    links: { ...linksOf(explained), ...incident.links },
    ...((worse || incident.severity === undefined) && defined({ severity })),
    firstAt: alert.startsAt < incident.firstAt ? alert.startsAt : incident.firstAt,
    lastAt: at,
    news: Object.keys(news).length > 1 ? [...incident.news, news].slice(-50) : incident.news,
  }
}

function resolve(
  subject: IncidentSubject,
  incident: Incident,
  { explained: { alert }, at }: FoldRequest,
): IncidentSubject {
  const endsAt = alert.endsAt ?? at
  const alerts = {
    ...incident.alerts,
    [alert.fingerprint]: {
      name: alert.name.slice(0, 200),
      status: 'resolved' as const,
      startsAt: incident.alerts[alert.fingerprint]?.startsAt ?? alert.startsAt,
      endsAt,
    },
  }
  const all = Object.values(alerts)
  if (all.some(({ status }) => status === 'firing')) return changed(subject, { ...incident, alerts, lastAt: at }, at)
  const resolvedAt =
    all
      .map((one) => one.endsAt ?? at)
      .toSorted()
      .at(-1) ?? at
  return changed(subject, { ...incident, alerts, lastAt: at, state: 'resolved', resolvedAt }, at)
}

/** An alert whose end overtook its beginning: it is not to begin an incident that nobody would end. */
function endedBefore(subject: IncidentSubject, { explained: { alert }, at }: FoldRequest): IncidentSubject {
  const ended = { ...subject.ended, [alert.fingerprint]: alert.startsAt }
  return { ...subject, touchedAt: at, ended: Object.fromEntries(Object.entries(ended).slice(-MOST_ENDED)) }
}

const united = (one: readonly string[], other: readonly string[]): string[] => [...new Set([...one, ...other])]
