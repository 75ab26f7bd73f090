import { lineOf, type AccessLogLine, type LineReader, type LoggedFacts } from './access-log.ts'

import { isFields, type Fields } from './fields.ts'
import { meshConfigIn } from './mesh-config.ts'
import type { ConfigMap } from './objects.ts'
import { probeOf } from './probe.ts'
import { timeFormat, type TimeFormat } from './time-format.ts'
export type { LineReader } from './access-log.ts'

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
  UPSTREAM_REMOTE_ADDRESS: 'upstreamHost',
  UPSTREAM_CLUSTER: 'upstreamCluster',
  UPSTREAM_CLUSTER_RAW: 'upstreamCluster',
  UPSTREAM_LOCAL_ADDRESS: 'upstreamLocal',
  DOWNSTREAM_LOCAL_ADDRESS: 'downstreamLocal',
  DOWNSTREAM_REMOTE_ADDRESS: 'downstreamRemote',
  REQUESTED_SERVER_NAME: 'serverName',
  ROUTE_NAME: 'routeName',
  PATH: 'path',
}
/** The operators of a request's headers; before Envoy 1.37 they had short names only. */
const OF_REQUEST: readonly string[] = ['REQ', 'REQUEST_HEADER', 'REQ_WITHOUT_QUERY']
const OF_RESPONSE: readonly string[] = ['RESP', 'RESPONSE_HEADER']
/** Operators whose values may have spaces and quotes in them. */
const FREE =
  /^(?:RESP|RESPONSE_HEADER|RESP_WITHOUT_QUERY|TRAILER|RESPONSE_TRAILER|CEL|COALESCE|FILTER_STATE|(?:DYNAMIC|CLUSTER|UPSTREAM|ROUTE)?_?METADATA|\w+_(?:SUBJECT|ISSUER|SAN))$/
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
  /** How a time is written that has a format of its own. */
  time?: TimeFormat
}

/** `%REQ(X-ENVOY-ORIGINAL-PATH?:PATH):20%`, `%START_TIME(%s.%3f)%`; a `%` inside parentheses is none's end. */
const OPERATOR = /%([A-Z_0-9]+)(?:\(([^()]*)\))?(?::\d+)?%/g

function operatorOf(name: string, argument = ''): Operator {
  if (OF_RESPONSE.includes(name) && argument.toLowerCase() === 'x-envoy-upstream-service-time')
    return { isFree: false, field: 'service' }
  if (name === 'START_TIME' && argument !== '') return { isFree: false, field: 'at', time: timeFormat(argument) }
  if (!OF_REQUEST.includes(name)) return { isFree: FREE.test(name), ...known(OPERATORS[name]) }
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
  const last = operators.findLastIndex(({ isFree }) => isFree)
  // What stands between two of the callers' own fields, each of which may look like it.
  const isBetween = operators.some(
    ({ isFree, field }, index) => !isFree && field !== undefined && index > first && index < last,
  )
  const read: LineReader = (line) => {
    const values: string[] = []
    let [begin, end] = [texts[0]?.length ?? 0, line.length - (texts.at(-1)?.length ?? 0)]
    if (end < begin || !line.startsWith(texts[0] ?? '') || !line.endsWith(texts.at(-1) ?? '')) return undefined
    for (let index = 0; index < first; index += 1) {
      const text = texts[index + 1] ?? ''
      const written = operators[index]?.time?.lengthIn(line, begin) ?? 0
      const at = line.indexOf(text, begin + written)
      if (at === -1 || at > end) return undefined
      values[index] = line.slice(begin, at)
      begin = at + text.length
    }
    const [left, right] = [begin, end]
    for (let index = operators.length - 1; index > first; index -= 1) {
      const text = texts[index] ?? ''
      const at = line.lastIndexOf(text, end - text.length)
      if (at < begin) return undefined
      values[index] = line.slice(at + text.length, end)
      end = at
    }
    if (end < begin) return undefined
    values[first] = line.slice(begin, end)
    const entry = entryOf(operators.map(({ field, time }, index) => ({ field, time, value: values[index] })))
    if (entry === undefined || !isBetween) return entry
    return isReadFrom(left, right) ? entry : null

    /** True when the fields behind the first that is free end where the same texts stand first, too: there is no other way to take the line apart. */
    function isReadFrom(from: number, to: number): boolean {
      let at = from
      for (let index = first; index < operators.length - 1; index += 1) {
        const text = texts[index + 1] ?? ''
        const next = line.indexOf(text, at)
        if (next === -1 || next > to || line.slice(at, next) !== values[index]) return false
        at = next + text.length
      }
      return true
    }
  }
  return Object.assign(read, { isOfText: true as const })
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
    const values = keys.map(({ field, path, time }) => ({ field, time, value: path.reduce(inside, fields) }))
    return entryOf(values) ?? (values.every(({ value }) => value !== undefined) ? null : undefined)
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

const NUMBER = /^(?:\d{1,12}|-)?$/
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''

interface Value {
  field?: Field | undefined
  time?: TimeFormat | undefined
  value: unknown
}

/** The entry of some values; undefined where one is not what its operator writes. */
function entryOf(values: readonly Value[]): AccessLogLine | undefined {
  const facts: Partial<Record<Field, unknown>> = {}
  for (const { field, time, value } of values) {
    if (field === undefined || (facts[field] !== undefined && facts[field] !== '-')) continue
    facts[field] = time === undefined ? value : time.read(String(value))
  }
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

/** The time that START_TIME writes without a format of its own. */
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/
const timeOf = (value: unknown): string | undefined =>
  typeof value === 'string' && ISO.test(value) && Number.isFinite(Date.parse(value)) ? value : undefined

/** Formats of a provider that writes access logs to its proxies' output; none where it leaves the format to Envoy. */
function formatsOf({ envoyFileAccessLog: file }: Record<string, unknown>): unknown[] {
  return isFields(file) && isFields(file.logFormat)
    ? [file.logFormat.text, file.logFormat.labels].filter((one) => one !== undefined)
    : []
}

const providersIn = (configMap: ConfigMap | undefined): Record<string, unknown>[] => {
  const { extensionProviders } = meshConfigIn(configMap)
  return Array.isArray(extensionProviders) ? extensionProviders.filter(isFields) : []
}

/** Readers for the formats that a mesh configuration names beside Istio's own: its accessLogFormat, and those of its providers of access logs. */
export function readersIn(configMap: ConfigMap | undefined): LineReader[] {
  const mesh = meshConfigIn(configMap)
  const own = mesh.accessLogEncoding === 'JSON' ? parsedFormat(mesh.accessLogFormat) : mesh.accessLogFormat
  return [own, ...providersIn(configMap).flatMap(formatsOf)].flatMap((format) => readerOf(format) ?? [])
}

/** Names of providers, of those that somebody uses, that set a format which nothing can be read by. */
export function unreadProviders(configMap: ConfigMap | undefined, used: ReadonlySet<string>): string[] {
  const { defaultProviders } = meshConfigIn(configMap)
  const usual: unknown = isFields(defaultProviders) ? defaultProviders.accessLogging : undefined
  const usuals = new Set<unknown>(Array.isArray(usual) ? usual : [])
  return providersIn(configMap).flatMap((one) => {
    const { name } = one
    const formats = formatsOf(one)
    return typeof name === 'string' &&
      (used.has(name) || usuals.has(name)) &&
      formats.length > 0 &&
      formats.every((format) => readerOf(format) === undefined)
      ? [name]
      : []
  })
}

/** True where a mesh configuration sets a format for all access logs that nothing can be read by: it says neither when nor what was answered, or cannot be taken apart. */
export function hasUnreadFormat(configMap: ConfigMap | undefined): boolean {
  const { accessLogFormat, accessLogFile, accessLogEncoding } = meshConfigIn(configMap)
  if (accessLogFormat === undefined || accessLogFormat === '' || typeof accessLogFile !== 'string') return false
  return readerOf(accessLogEncoding === 'JSON' ? parsedFormat(accessLogFormat) : accessLogFormat) === undefined
}

/** A format of JSON that is given as text. */
function parsedFormat(format: unknown): unknown {
  if (typeof format !== 'string') return format
  try {
    return JSON.parse(format)
  } catch {
    return undefined
  }
}

/** Reads lines of a format as Envoy takes one: an object for JSON, or text, whose values are not escaped even where it looks like JSON. */
export function readerOf(format: unknown): LineReader | undefined {
  if (isFields(format)) return jsonReader(format)
  return typeof format === 'string' && format !== '' ? textReader(format) : undefined
}
