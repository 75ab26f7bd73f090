import { presentOf, trafficCountsFrom } from '../checks/facts/traffic-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { hasUnreadFormat, unreadProviders } from '../mesh/access-log-format.ts'
import { defined } from '../mesh/defined.ts'
import { isFields } from '../mesh/fields.ts'
import type { PolicyObject } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'

/** How much of the window of requests the access logs show that were read. */
export interface LogsRead {
  /** Seconds that were asked for. */
  window: number
  /** ISO time from which on requests count: the beginning of the window, or the last change of what concerns them. */
  since: string
  logs: number
  /** All of their lines of that time that were read, of other hosts too. */
  lines: number
  unreadable: number
  /** Of these, lines above 64 KB. */
  tooLong?: number
  /** Lines that are not UTF-8. */
  notUtf8?: number
  /** The beginning of one that could not be read, and whose log it is in. */
  example?: { of: Ref; line: string }
  /** The mesh configuration sets a format whose lines cannot be read. */
  isFormatUnread?: true
  /** Providers of access logs, of those that the mesh configuration or a Telemetry names, whose format's lines cannot be read. */
  unreadProviders?: string[]
  /** Logs that do not reach back as far, and the ISO time that they begin at. */
  partly: { of: Ref; from: string }[]
}

/** Milliseconds by which a log may begin later and still be whole: the API server knows seconds. */
const SECOND = 1000

/** What the access logs show of the window; undefined where none was read. */
export function logsRead(evidence: Evidence, target: Target): LogsRead | undefined {
  const logs = evidence.seen('access-log')
  if (logs.length === 0) return undefined
  const now = Math.max(...logs.map(({ at }) => Date.parse(at)))
  const since = trafficCountsFrom(evidence, target) ?? now - presentOf(target)
  const sum = (count: (log: Seen<'access-log'>) => number | undefined): number =>
    logs.reduce((total, log) => total + (count(log) ?? 0), 0)
  const [tooLong, notUtf8] = [sum(({ value }) => value.window?.tooLong), sum(({ value }) => value.window?.notUtf8)]
  const [example] = logs.flatMap(({ of, value }) =>
    of === undefined || value.example === undefined ? [] : [{ of, line: value.example }],
  )
  const used = new Set(evidence.objects('telemetries').flatMap(namedBy))
  const providers = evidence.objects('mesh-config').flatMap((one) => unreadProviders(one, used))
  return {
    window: presentOf(target) / 1000,
    since: new Date(since).toISOString(),
    logs: logs.length,
    lines: sum(({ value }) => value.window?.read ?? value.lines.length + value.unreadable),
    unreadable: sum(({ value }) => value.unreadable),
    ...(tooLong > 0 && { tooLong }),
    ...(notUtf8 > 0 && { notUtf8 }),
    ...defined({ example }),
    ...(evidence.objects('mesh-config').some(hasUnreadFormat) && { isFormatUnread: true as const }),
    ...(providers.length > 0 && { unreadProviders: providers }),
    partly: logs.flatMap((log) => {
      const from = beginning(log)
      return log.of === undefined || from === undefined || Date.parse(from) <= since + SECOND
        ? []
        : [{ of: log.of, from }]
    }),
  }
}

const fieldsIn = (list: unknown): Record<string, unknown>[] => (Array.isArray(list) ? list.filter(isFields) : [])

/** Names of the providers that a Telemetry has access logs written by. */
const namedBy = ({ spec }: PolicyObject): string[] =>
  fieldsIn(spec?.accessLogging)
    .flatMap(({ providers }) => fieldsIn(providers))
    .flatMap(({ name }) => (typeof name === 'string' ? [name] : []))

/** When what was read of a log begins, where there is or was more of it. */
function beginning({ value: { lines, isTail, window } }: Seen<'access-log'>): string | undefined {
  if (window !== undefined) return window.begins ?? window.since
  return isTail === true ? lines[0]?.at : undefined
}
