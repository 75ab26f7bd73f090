import { lineOf, type AccessLogLine, type LoggedFacts } from './access-log.ts'
import { isFields, type Fields } from './fields.ts'
import { meshConfigIn } from './mesh-config.ts'
import type { ConfigMap } from './objects.ts'
import { probeOf } from './probe.ts'

/** Reads one line of a proxy's log; undefined when it is not of this format. */
export type LineReader = (line: string) => AccessLogLine | undefined

/** What is kept of a command operator's value (Envoy documentation, "Access logging": command operators). */
type Field = keyof LoggedFacts

const OPERATORS: Readonly<Record<string, Field>> = {
  START_TIME: 'at',
  RESPONSE_CODE: 'code',
  RESPONSE_FLAGS: 'flags',
  RESPONSE_FLAGS_LONG: 'flags',
  RESPONSE_CODE_DETAILS: 'details',
  CONNECTION_TERMINATION_DETAILS: 'termination',
  UPSTREAM_TRANSPORT_FAILURE_REASON: 'failure',
  DURATION: 'duration',
  BYTES_RECEIVED: 'received',
  BYTES_SENT: 'sent',
  UPSTREAM_HOST: 'upstreamHost',
  UPSTREAM_CLUSTER: 'upstreamCluster',
  UPSTREAM_CLUSTER_RAW: 'upstreamCluster',
  UPSTREAM_LOCAL_ADDRESS: 'upstreamLocal',
  DOWNSTREAM_LOCAL_ADDRESS: 'downstreamLocal',
  DOWNSTREAM_REMOTE_ADDRESS: 'downstreamRemote',
  REQUESTED_SERVER_NAME: 'serverName',
  ROUTE_NAME: 'routeName',
}
const HEADERS: Readonly<Record<string, Field>> = {
  ':method': 'method',
  ':path': 'path',
  'x-envoy-original-path': 'path',
  ':authority': 'authority',
  'x-request-id': 'requestId',
  'user-agent': 'userAgent',
}

/** One operator of a format: what of it is kept, and whether a caller writes it as they like, spaces and quotes among it. */
interface Operator {
  field?: Field
  isFree: boolean
}

/** `%REQ(X-ENVOY-ORIGINAL-PATH?:PATH):20%`, `%START_TIME(%s.%3f)%`; a `%` inside parentheses is none's end. */
const OPERATOR = /%([A-Z_0-9]+)(?:\(([^()]*)\))?(?::\d+)?%/g

function operatorOf(name: string, argument = ''): Operator {
  if (name === 'RESP' && argument.toLowerCase() === 'x-envoy-upstream-service-time')
    return { isFree: false, field: 'service' }
  if (name !== 'REQ') return { isFree: name === 'RESP' || name === 'TRAILER', ...known(OPERATORS[name]) }
  const names = argument.toLowerCase().split('?')
  const field = names.map((one) => HEADERS[one]).find((one) => one !== undefined)
  // What HTTP allows in these has no spaces.
  return { isFree: names.some((one) => !one.startsWith(':') && one !== 'x-envoy-original-path'), ...known(field) }
}
const known = (field: Field | undefined): { field?: Field } => (field === undefined ? {} : { field })

interface Parsed {
  operators: Operator[]
  /** Texts before, between and after them: one more. */
  texts: string[]
}

function parseFormat(format: string): Parsed {
  const [operators, texts]: [Operator[], string[]] = [[], []]
  let end = 0
  for (const match of format.matchAll(OPERATOR)) {
    texts.push(format.slice(end, match.index).replaceAll('%%', '%'))
    operators.push(operatorOf(match[1] ?? '', match[2]))
    end = match.index + match[0].length
  }
  return { operators, texts: [...texts, format.slice(end).replaceAll('%%', '%')] }
}

const isUseful = (operators: readonly Operator[]): boolean => {
  const fields = new Set(operators.map(({ field }) => field))
  return fields.has('at') && (fields.has('code') || fields.has('flags'))
}

/**
 * A reader for a TEXT format; undefined for one that says neither when nor what was answered, or has operators side by side. What callers write themselves is read
 * from both ends of the line: what they make to look like an entry stays in their own field.
 */
export function textReader(format: string): LineReader | undefined {
  const { operators, texts } = parseFormat(format.replace(/\n+$/, ''))
  if (!isUseful(operators) || texts.slice(1, -1).some((text) => text === '')) return undefined
  const free = operators.findIndex(({ isFree }) => isFree)
  const first = free === -1 ? operators.length - 1 : free
  return (line) => {
    const values: string[] = []
    let [begin, end] = [texts[0]?.length ?? 0, line.length - (texts.at(-1)?.length ?? 0)]
    if (end < begin || !line.startsWith(texts[0] ?? '') || !line.endsWith(texts.at(-1) ?? '')) return undefined
    for (let index = 0; index < first; index += 1) {
      const text = texts[index + 1] ?? ''
      const at = line.indexOf(text, begin)
      if (at === -1 || at > end) return undefined
      values[index] = line.slice(begin, at)
      begin = at + text.length
    }
    for (let index = operators.length - 1; index > first; index -= 1) {
      const text = texts[index] ?? ''
      const at = line.lastIndexOf(text, end - text.length)
      if (at < begin) return undefined
      values[index] = line.slice(at + text.length, end)
      end = at
    }
    if (end < begin) return undefined
    values[first] = line.slice(begin, end)
    return entryOf(operators.map(({ field }, index) => [field, values[index]]))
  }
}

/** A reader for a JSON format, whose values are operators by any keys; undefined for one that says neither when nor what was answered. */
export function jsonReader(format: Fields): LineReader | undefined {
  const keys = keysOf(format)
  if (!isUseful(keys)) return undefined
  return (line) => {
    if (!line.startsWith('{')) return undefined
    let fields: unknown
    try {
      fields = JSON.parse(line)
    } catch {
      return undefined
    }
    return entryOf(keys.map(({ field, path }) => [field, path.reduce(inside, fields)]))
  }
}

const inside = (value: unknown, key: string): unknown => (isFields(value) ? value[key] : undefined)

/** Operators that are a value by themselves, each with where it stands. */
function keysOf(format: Fields, around: readonly string[] = []): (Operator & { path: readonly string[] })[] {
  return Object.entries(format).flatMap(([key, value]) => {
    const path = [...around, key]
    if (isFields(value)) return keysOf(value, path)
    if (typeof value !== 'string') return []
    const { operators, texts } = parseFormat(value)
    const [operator, ...more] = operators
    return operator === undefined || more.length > 0 || texts.some((text) => text !== '') ? [] : [{ ...operator, path }]
  })
}

const NUMBER = /^(?:\d+|-)?$/
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''

/** The entry of some values; undefined where one is not what its operator writes. */
function entryOf(values: readonly (readonly [Field | undefined, unknown])[]): AccessLogLine | undefined {
  const facts: Partial<Record<Field, unknown>> = {}
  for (const [field, value] of values) if (field !== undefined) facts[field] ??= value
  const { at, flags, code = '', duration = '', ...others } = facts
  const time = timeOf(at)
  if (time === undefined || !NUMBER.test(textOf(code)) || !NUMBER.test(textOf(duration))) return undefined
  if (flags !== undefined && flags !== null && !/^(?:-|[A-Za-z_]+(?:,[A-Za-z_]+)*)?$/.test(textOf(flags)))
    return undefined
  return lineOf({
    ...others,
    at: time,
    code,
    duration,
    flags: typeof flags === 'string' ? flags : undefined,
    probe: probeOf(textOf(others.userAgent)),
  })
}

/** ISO time of what START_TIME writes by its default, as another date, or in seconds or milliseconds of the epoch. */
function timeOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return undefined
  const epoch = /^\d{10}(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : /^\d{13}$/.test(text) ? Number(text) : undefined
  const moment = epoch ?? Date.parse(text)
  return Number.isFinite(moment)
    ? epoch === undefined && text.endsWith('Z')
      ? text
      : new Date(moment).toISOString()
    : undefined
}

/** Readers for the formats that a mesh configuration names beside Istio's own: its accessLogFormat, and those of its providers of access logs. */
export function readersIn(configMap: ConfigMap | undefined): LineReader[] {
  const mesh = meshConfigIn(configMap)
  const providers = Array.isArray(mesh.extensionProviders) ? mesh.extensionProviders.filter(isFields) : []
  const formats = providers.flatMap((one) => {
    const file = one.envoyFileAccessLog
    return isFields(file) && isFields(file.logFormat) ? [file.logFormat.text, file.logFormat.labels] : []
  })
  return [mesh.accessLogFormat, ...formats].flatMap((format) => readerOf(format) ?? [])
}

/** Reads lines of a format as Istio and Envoy take one: an object, JSON as text, or text. */
export function readerOf(format: unknown): LineReader | undefined {
  if (isFields(format)) return jsonReader(format)
  if (typeof format !== 'string' || format === '') return undefined
  try {
    const fields: unknown = JSON.parse(format)
    return isFields(fields) ? jsonReader(fields) : undefined
  } catch {
    return textReader(format)
  }
}
