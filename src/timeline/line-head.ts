import { isFields } from '../mesh/fields.ts'
import type { LogEntry } from './log-entry.ts'

/** How a log's lines are written. */
export type LogForm = 'istio text' | 'istio json' | 'envoy'

/** The beginning of a message: all that its first line says. */
export type LineHead = Omit<LogEntry, 'offset' | 'raw' | 'headers'> & { form: LogForm }

/** What `kubectl logs --prefix` and `--timestamps` put before a line. */
const PREFIX =
  /^(?:\[(?:pod|container)\/[^\]\s]+\] )?(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{4,9}(?:Z|[+-]\d\d:\d\d) (?=\S))?/

/** Istio's text form, of Envoy (its bootstrap's application_log_config) and of the agent; pasted logs have spaces for tabs. */
const ISTIO =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)\s+(trace|debug|info|warn|warning|error|critical|fatal)\s+(.*)$/s
/** `envoy http external/envoy/source/…/conn_manager_impl.cc:1177`; before 1.15 without the file. */
const ENVOY_SCOPE = /^envoy ([a-z0-9_.]+)(?: +[\w./+-]+:\d+)?(?:\s+(.*))?$/s
/** Envoy's own form: `[2023-09-08 12:12:48.100][17][debug][router] [source/…/router.cc:1017] message`. */
const ENVOY =
  /^\[(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?\]\[(\d+)\]\[(\w+)\]\[([a-z0-9_.]+)\] (?:\[[^\]\s]+:\d+\] )?(.*)$/s
const THREAD = /\s+thread=(\d+)\s*$/
/** `[C4][S12]`, `[Tags: "ConnectionId":"4","StreamId":"12"]`, and what came between them: `[ConnectionId:4,StreamId:12]`. */
const SHORT_IDS = /^\[C(\d+)\](?:\[S(\d+)\])?\s*/
const TAGS = /^\[(?:Tags: [^\]]*|ConnectionId[:=][^\]]*)\]\s*/
const CONNECTION_TAG = /ConnectionId"?[:=]"?(\d+)/
const STREAM_TAG = /StreamId"?[:=]"?(\d+)/

/** The line as the proxy wrote it, without what kubectl puts before it. */
export const withoutPrefix = (line: string): string => line.slice(PREFIX.exec(line)?.[0].length ?? 0)

const seconds = new Map<string, number>()

/** Microseconds since the epoch; NaN when it is no time. Lines of one second are many. */
export function microseconds(second: string, fraction: string | undefined, zone: string): number {
  const key = second + zone
  let start = seconds.get(key)
  if (start === undefined) {
    if (seconds.size > 1000) seconds.clear()
    seconds.set(key, (start = Date.parse(key)))
  }
  return start * 1000 + Math.round(Number(fraction ?? 0) * 1e6)
}

interface Ids {
  connection?: string
  stream?: string
  message: string
}

function idsOf(text: string): Ids {
  const short = SHORT_IDS.exec(text)
  if (short !== null) return ids(short[1], short[2], text.slice(short[0].length))
  const tags = TAGS.exec(text)
  if (tags === null) return { message: text }
  return ids(CONNECTION_TAG.exec(tags[0])?.[1], STREAM_TAG.exec(tags[0])?.[1], text.slice(tags[0].length))
}

const ids = (connection: string | undefined, stream: string | undefined, message: string): Ids => ({
  ...(connection !== undefined && { connection }),
  ...(stream !== undefined && { stream }),
  message,
})

function withThread(text: string): { text: string; thread?: string } {
  const found = THREAD.exec(text)
  return found?.[1] === undefined ? { text } : { text: text.slice(0, found.index), thread: found[1] }
}

/** What a line says that begins a message of Envoy or its agent; undefined for every other line. */
export function readHead(line: string): LineHead | undefined {
  const istio = ISTIO.exec(line)
  if (istio !== null) return istioHead(istio)
  if (line.startsWith('{')) return jsonHead(line)
  const envoy = ENVOY.exec(line)
  if (envoy === null) return undefined
  const [, day = '', second = '', fraction, thread = '', level = '', logger = '', rest = ''] = envoy
  // Envoy writes the time of its machine without a zone: UTC in containers.
  const at = microseconds(`${day}T${second}`, fraction, 'Z')
  return Number.isNaN(at) ? undefined : { form: 'envoy', at, level, logger, isEnvoy: true, thread, ...idsOf(rest) }
}

function istioHead([, second = '', fraction, zone = '', level = '', rest = '']: RegExpExecArray): LineHead | undefined {
  const at = microseconds(second, fraction, zone)
  if (Number.isNaN(at)) return undefined
  const scope = ENVOY_SCOPE.exec(rest)
  if (scope === null) {
    const [, logger = '', message = ''] = /^(\S+)\s+(.*)$/s.exec(rest) ?? ['', '', rest]
    return { form: 'istio text', at, level, logger, isEnvoy: false, message }
  }
  const { text, thread } = withThread(scope[2] ?? '')
  return {
    form: 'istio text',
    at,
    level,
    logger: scope[1] ?? '',
    isEnvoy: true,
    ...(thread !== undefined && { thread }),
    ...idsOf(text),
  }
}

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/
const word = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined

/** `{"level":"debug","time":"…","scope":"envoy router","msg":"[Tags: …] upstream timeout","caller":"…","thread":"20"}`. */
function jsonHead(line: string): LineHead | undefined {
  let fields: unknown
  try {
    fields = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isFields(fields) || typeof fields.time !== 'string' || typeof fields.msg !== 'string') return undefined
  const [, second, fraction, zone] = TIME.exec(fields.time) ?? []
  if (second === undefined || zone === undefined) return undefined
  const at = microseconds(second, fraction, zone)
  if (Number.isNaN(at)) return undefined
  const scope = word(fields.scope) ?? ''
  const isEnvoy = scope.startsWith('envoy ')
  const { message, ...said } = isEnvoy ? idsOf(fields.msg) : { message: fields.msg }
  // Ids are tags; some versions write tags as fields of their own.
  const [thread, connection, stream] = [word(fields.thread), word(fields.ConnectionId), word(fields.StreamId)]
  return {
    form: 'istio json',
    at,
    level: word(fields.level) ?? '',
    logger: isEnvoy ? scope.slice('envoy '.length) : scope,
    isEnvoy,
    ...(thread !== undefined && { thread }),
    ...(connection !== undefined && { connection }),
    ...(stream !== undefined && { stream }),
    ...said,
    message,
  }
}
