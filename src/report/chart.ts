import type { History } from '../diagnosis/history.ts'
import type { Telemetry } from '../diagnosis/telemetry/report.ts'
import { percentOf } from '../mesh/both-ends.ts'
import type { Point } from '../mesh/change-point.ts'
import { defined } from '../mesh/defined.ts'
import { formatRef } from '../mesh/ref.ts'
import { secondsInWords } from './logs-read-text.ts'
import { visible } from '../mesh/visible.ts'
import { latencyText } from '../mesh/duration.ts'

/** A chart, whatever draws it: a line over time, or bars side by side. Texts are somebody else's where they name objects of the cluster. */
export interface Chart {
  /** What it is of, in the words of a file name. */
  name: 'success' | 'latency'
  kind: 'line' | 'bar'
  title: string
  /** Of each value of a series, in order: `19:46`, the name of a pod. */
  categories: string[]
  /** A value is undefined where nothing was counted. */
  series: { name: string; values: (number | undefined)[] }[]
  unit: '%' | 'ms'
  /** Moments, as fractions of the way from the first category to the last, and what was changed then. */
  marks: { at: number; label: string; says: string }[]
  /** All that it shows, in words. */
  says: string
}

/** Pods of a chart. */
const MOST_PODS = 12
/** Moments that are marked, the last ones. */
const MOST_MARKS = 6
/** Points of a course; of more, or of a course whose step is no length of time, nothing is drawn. */
const MOST_POINTS = 100_000

/** A point in time at which a number was counted: Prometheus knows NaN and Inf too. */
const isPoint = ({ at, value }: Point): boolean => Number.isFinite(new Date(at).getTime()) && Number.isFinite(value)

const clock = (at: number | string): string => new Date(at).toISOString().slice(11, 16)
const percent = (value: number): number => Math.round(value * 1000) / 10

/** The charts of a history: success over time at both ends, with what was changed; the latency of each pod. */
export const chartsOf = (history: ChartedHistory): Chart[] => [...successChart(history), ...latencyChart(history)]

/** The charts of what Prometheus counted for `/mesh telemetry`. */
export const chartsOfTelemetry = ({ history, pods, since, window }: Telemetry): Chart[] =>
  chartsOf({
    step: 60,
    client: [],
    server: [],
    ...history,
    changes: [],
    latencies: pods
      .flatMap(({ name: pod, p50 }) => (p50 === undefined ? [] : [{ pod, p50 }]))
      .toSorted((a, b) => b.p50 - a.p50),
    latenciesOver: window,
    ...defined({ since }),
  })

/** What charts are made of. */
export interface ChartedHistory extends Pick<
  History,
  'step' | 'client' | 'server' | 'changes' | 'since' | 'latenciesOver'
> {
  latencies: readonly { pod: string; p50: number; p95?: number }[]
}

function successChart({ step, changes, since, ...ends }: ChartedHistory): Chart[] {
  const [client, server] = [ends.client.filter(isPoint), ends.server.filter(isPoint)]
  const times = [...new Set([...client, ...server].map(({ at }) => at))].sort((a, b) => a - b)
  const [first, last] = [times[0], times.at(-1)]
  // One moment is no course.
  if (first === undefined || last === undefined || times.length < 2) return []
  const length = Math.round((last - first) / (step * 1000)) + 1
  if (!(length >= 1 && length <= MOST_POINTS)) return []
  const moments = Array.from({ length }, (_, n) => first + n * step * 1000)
  const valuesOf = (points: readonly Point[]): (number | undefined)[] => {
    const known = new Map(points.map(({ at, value }) => [Math.round((at - first) / (step * 1000)), percent(value)]))
    return moments.map((_, index) => known.get(index))
  }
  const series = [
    { name: "clients' proxies", points: client },
    { name: "servers' proxies", points: server },
  ].filter(({ points }) => points.length > 0)
  const shown = changes.filter(({ at }) => Date.parse(at) >= first && Date.parse(at) <= last).slice(-MOST_MARKS)
  const marks = shown.map(({ at, kind, of }) => ({
    at: (Date.parse(at) - first) / (last - first),
    label: `${clock(at)} ${of.kind} ${of.name}`,
    says: `${clock(at)} ${kind === 'rollout' ? `new pods of ${formatRef(of)}` : `${formatRef(of)} changed`}`,
  }))
  const courses = series.map(({ name, points }) => {
    const values = points.map(({ value }) => value)
    const lowest = points.reduce(
      (low, point) => (point.value < low.value ? point : low),
      points[0] ?? { at: 0, value: 1 },
    )
    return `${name}: ${percentOf(values[0] ?? 0)} at ${clock(points[0]?.at ?? first)}, lowest ${percentOf(lowest.value)} at ${clock(lowest.at)}, ${percentOf(values.at(-1) ?? 0)} at ${clock(points.at(-1)?.at ?? last)}`
  })
  return [
    {
      name: 'success',
      kind: 'line',
      title: 'Requests that succeed, in per cent (UTC)',
      categories: moments.map(clock),
      series: series.map(({ name, points }) => ({ name, values: valuesOf(points) })),
      unit: '%',
      marks: marks.map((mark) => ({ ...mark, label: visible(mark.label), says: visible(mark.says) })),
      says: visible(
        [
          `Requests that succeed, ${clock(first)} to ${clock(last)} UTC. ${courses.join('; ')}.`,
          ...(since === undefined
            ? []
            : [
                `${percentOf(since.after)} have failed since about ${clock(since.at)}, ${percentOf(since.before)} before.`,
              ]),
          ...(marks.length === 0 ? [] : [`Changes: ${marks.map(({ says }) => says).join('; ')}.`]),
        ].join(' '),
      ),
    },
  ]
}

function latencyChart(history: ChartedHistory): Chart[] {
  const latencies = history.latencies.flatMap(({ pod, p50, p95 }) =>
    Number.isFinite(p50) ? [{ pod, p50, ...(Number.isFinite(p95) && defined({ p95 })) }] : [],
  )
  if (latencies.length === 0) return []
  const shown = latencies.slice(0, MOST_PODS)
  const more = latencies.length - shown.length
  const over = history.latenciesOver === undefined ? '' : ` over ${secondsInWords(history.latenciesOver)}`
  const rounded = (value: number): number => Math.round(value * 10) / 10
  return [
    {
      name: 'latency',
      kind: 'bar',
      title: `Latency by pod${over}, as the pods' own proxies count`,
      categories: shown.map(({ pod }) => visible(pod)),
      series: [
        { name: 'p50 (ms)', values: shown.map(({ p50 }) => rounded(p50)) },
        ...(shown.some(({ p95 }) => p95 !== undefined)
          ? [{ name: 'p95 (ms)', values: shown.map(({ p95 }) => (p95 === undefined ? undefined : rounded(p95))) }]
          : []),
      ],
      unit: 'ms',
      marks: [],
      says: visible(
        `Latency by pod${over}: ${shown.map(({ pod, p50, p95 }) => `${pod} p50 ${latencyText(p50)}${p95 === undefined ? '' : `, p95 ${latencyText(p95)}`}`).join('; ')}${more > 0 ? `; and ${more} quicker pods` : ''}.`,
      ),
    },
  ]
}
