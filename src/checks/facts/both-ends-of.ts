import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { TrafficHistory } from '../../evidence/traffic.ts'
import {
  countedOnce,
  differencesOf,
  endOf,
  isBeforeServer,
  isFailure,
  nameOf,
  sideOf,
  type Answered,
  type Difference,
  type Side,
} from '../../mesh/both-ends.ts'
import { changePoint } from '../../mesh/change-point.ts'
import { parseFlags } from '../../mesh/response-flags.ts'
import type { Target } from '../../mesh/target.ts'
import { fact } from './fact.ts'
import { areOver, areTogether } from './over.ts'
import { requestsTo, type Request } from './requests-to.ts'
import { presentOf, trafficCountsFrom } from './traffic-of.ts'

/** How the same requests were answered by the count of the callers' proxies, and by that of the target's own. */
export interface BothEnds {
  answers: Answered[]
  differences: Difference[]
  /** True when so many requests since the last of them were answered that they are over. */
  isOver: boolean
  /** When the first of the requests was (milliseconds since the epoch), as exactly as who counted knows. */
  from: number
  /** Who counted: Prometheus, or the lines of both ends' access logs. */
  by: Seen<'traffic-history'> | { example: Request; requests: number }
}

/**
 * Both ends' counts of the requests to the target since the last change of what routes to it: by Prometheus where it has both, else by the access logs of both
 * ends. Undefined where one end is not known.
 */
export const bothEndsOf = fact((evidence, target): BothEnds | undefined => {
  const moment = trafficCountsFrom(evidence, target)
  return moment === undefined ? undefined : (counted(evidence, moment, target) ?? logged(evidence, target, moment))
})

/**
 * What Prometheus counted of the requests to the target since the last change, as the callers' proxies did, else as the target's own: how many there were and
 * failed, and when the first of them was (milliseconds since the epoch). Undefined where it counted none, or where the failures are over.
 */
export const countedFailures = fact((evidence, target): (Side & { from: number }) | undefined => {
  const moment = trafficCountsFrom(evidence, target)
  if (moment === undefined) return undefined
  const [most] = evidence
    .seen('traffic-history')
    .flatMap((by) => {
      const answers = answersSince(by, moment, target)
      const end = answers.some((one) => one.end === 'client') ? ('client' as const) : ('server' as const)
      const side = sideOf(answers, end)
      const failures = answers.filter((one) => one.end === end && isFailure(one))
      return side === undefined ||
        isPast(
          requestsOver(by, moment, end),
          failures.map((one) => ({ answer: nameOf(one) })),
        )
        ? []
        : [{ ...side, from: firstOf(by, moment, target) }]
    })
    .toSorted((a, b) => b.requests - a.requests)
  return most
})

/** Requests of a history that began after a moment, by end and answer. */
export function answersSince({ value }: Seen<'traffic-history'>, moment: number, target: Target): Answered[] {
  const known = new Map<string, Answered>()
  const earliest = countsFrom(value, moment, target)
  for (const { reporter, code, flags, points } of countedOnce(value.series, (one) => one.reporter)) {
    const end = endOf(reporter)
    const requests = points.reduce((sum, one) => (one.at < earliest ? sum : sum + one.value * value.step), 0)
    if (end === undefined || requests <= 0) continue
    const key = `${end} ${code} ${flags}`
    const one = known.get(key) ?? { end, code, flags: parseFlags(flags), requests: 0 }
    one.requests += requests
    known.set(key, one)
  }
  return [...known.values()].toSorted((a, b) => b.requests - a.requests)
}

/** The first point whose rate is wholly of the time since a moment, and of the window that counts. */
const countsFrom = ({ to, over }: TrafficHistory, moment: number, target: Target): number =>
  Math.max(moment, Date.parse(to) - presentOf(target)) + over * 1000

const ENDS = ['client', 'server'] as const

/** Since when as many fail as now, by the count of the callers' proxies; undefined where it was so all the time, or where none fail. */
function begunIn(by: Seen<'traffic-history'>, moment: number): number | undefined {
  const points = [...Map.groupBy(requestsOver(by, moment), ({ at }) => at)].map(([at, group]) => ({
    at,
    value: sumOf(group.filter(({ isFailed }) => isFailed)) / sumOf(group),
  }))
  const begun = changePoint(
    points.toSorted((a, b) => a.at - b.at),
    by.value.over * 1000,
  )
  return begun === undefined ? undefined : Date.parse(begun.at)
}

const sumOf = (some: readonly { requests: number }[]): number => some.reduce((total, one) => total + one.requests, 0)

/** Fewest requests of an end that Prometheus must have counted to be the one that is asked. */
const FEWEST_COUNTED = 5

/** By Prometheus: of several Services of a target, the one of which both ends counted most. */
function counted(evidence: Evidence, moment: number, target: Target): BothEnds | undefined {
  const [most] = evidence
    .seen('traffic-history')
    .flatMap((by) =>
      // Where so many fail since a moment ago, what was answered before makes it no better.
      [begunIn(by, moment) ?? moment, moment]
        .map((from) => ({ by, from, answers: answersSince(by, from, target) }))
        .filter(({ answers }) => ENDS.every((end) => (sideOf(answers, end)?.requests ?? 0) >= FEWEST_COUNTED))
        .slice(0, 1),
    )
    .toSorted((a, b) => total(b.answers) - total(a.answers))
  if (most === undefined) return undefined
  const differences = differencesOf(most.answers)
  return {
    ...most,
    from: firstOf(most.by, most.from, target),
    differences,
    isOver: isPast(requestsOver(most.by, moment), differences),
  }
}

/** From when on the requests are that Prometheus counted since a moment. */
function firstOf({ value }: Seen<'traffic-history'>, moment: number, target: Target): number {
  const earliest = countsFrom(value, moment, target)
  const times = value.series.flatMap(({ points }) =>
    points.flatMap((one) => (one.at >= earliest && one.value > 0 ? [one.at] : [])),
  )
  return times.reduce((first, at) => Math.min(first, at), Date.parse(value.to)) - value.over * 1000
}

/** Requests of one answer, or some of them, at one time. */
interface At {
  at: number
  answer: string
  isFailed: boolean
  requests: number
}

/** What the proxies of one end counted at each point since a moment. */
const requestsOver = ({ value }: Seen<'traffic-history'>, moment: number, end: Answered['end'] = 'client'): At[] =>
  countedOnce(value.series, ({ reporter }) => reporter)
    .filter(({ reporter }) => endOf(reporter) === end)
    .flatMap(({ code, flags, points }) =>
      points
        .filter(({ at }) => at >= moment + value.over * 1000)
        .map((one) => ({
          at: one.at,
          answer: nameOf({ code, flags: parseFlags(flags) }),
          isFailed: isFailure({ code, flags: parseFlags(flags) }),
          requests: one.value * value.step,
        })),
    )

/** True when the answers that make the difference are over, by how many others came since the last of them. */
function isPast(
  requests: readonly Pick<At, 'at' | 'answer' | 'requests'>[],
  differences: readonly Pick<Difference, 'answer'>[],
): boolean {
  const named = new Set(differences.map(({ answer }) => answer))
  const failures = requests.filter(({ answer, requests: some }) => named.has(answer) && some > 0)
  const last = failures.reduce((latest, { at }) => Math.max(latest, at), -Infinity)
  return areOver(
    sumOf(failures),
    sumOf(requests.filter(({ at }) => at <= last)),
    sumOf(requests.filter(({ at }) => at > last)),
  )
}

const total = (answers: readonly Answered[]): number => answers.reduce((sum, { requests }) => sum + requests, 0)

/** True for a request that a caller's proxy logged, not the target's own alone. */
const isOfCaller = ({ entry, inner }: Request): boolean => inner?.entry !== entry

/**
 * By the logs: requests that a caller's proxy logged and of which the other end is known, because a line of the pod's own proxy has the same id, or because the
 * caller's proxy answered before it sent them anywhere. Of others nobody knows what the server counted.
 */
function logged(evidence: Evidence, target: Target, moment: number): BothEnds | undefined {
  const all = requestsTo(target, moment, evidence).filter(
    (one) =>
      one.entry.method !== undefined && isOfCaller(one) && (one.inner !== undefined || isBeforeServer(one.entry.flags)),
  )
  const known = sinceTogether(all)
  const answers = [
    ...tally(
      known.map(({ entry }) => entry),
      'client',
    ),
    ...tally(
      known.flatMap(({ inner }) => inner?.entry ?? []),
      'server',
    ),
  ]
  const differences = differencesOf(answers)
  const named = new Set(differences.map(({ answer }) => answer))
  const example =
    known.findLast(({ entry }) => named.has(nameOf({ code: String(entry.code), flags: entry.flags }))) ?? known.at(-1)
  return example === undefined || !answers.some(({ end }) => end === 'server')
    ? undefined
    : {
        answers,
        differences,
        from: known.reduce((first, { entry }) => Math.min(first, Date.parse(entry.at)), Infinity),
        isOver: isPast(
          known.map(({ entry: { at, code, flags } }) => ({
            at: Date.parse(at),
            answer: nameOf({ code: String(code), flags }),
            requests: 1,
          })),
          differences,
        ),
        by: { example, requests: known.length },
      }
}

/** The requests from the first failure on, where failures lie so close together that they began then; else all. */
function sinceTogether(requests: readonly Request[]): readonly Request[] {
  const row = requests.toSorted((a, b) => a.entry.at.localeCompare(b.entry.at, 'en'))
  const isFailed = ({ entry: { code, flags } }: Request): boolean => isFailure({ code: String(code), flags })
  const [first, last] = [row.findIndex(isFailed), row.findLastIndex(isFailed)]
  return first > 0 && areTogether(row.filter(isFailed).length, last - first + 1, row.length) ? row.slice(first) : row
}

function tally(entries: readonly { code: number; flags: readonly string[] }[], end: Answered['end']): Answered[] {
  return [...Map.groupBy(entries, ({ code, flags }) => [String(code), ...flags].join(' ')).values()]
    .map((group): Answered => {
      const [{ code, flags } = { code: 0, flags: [] }] = group
      return { end, code: String(code), flags: [...flags], requests: group.length }
    })
    .toSorted((a, b) => b.requests - a.requests)
}
