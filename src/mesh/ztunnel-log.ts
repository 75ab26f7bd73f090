import { defined } from './defined.ts'
import { milliseconds } from './duration.ts'

/** One end of a connection as ztunnel logs it. */
export interface ZtunnelEnd {
  address: string
  workload?: string
  namespace?: string
  identity?: string
}

/** One connection that a ztunnel logged at its end: it knows nothing of the requests inside. */
export interface ZtunnelConnection {
  /** ISO time. */
  at: string
  direction?: 'inbound' | 'outbound'
  source: ZtunnelEnd
  destination: ZtunnelEnd & { service?: string; inner?: string }
  /** Milliseconds. */
  duration?: number
  /** Why it failed; absent when it ended as it should. */
  error?: string
}

/** A warning or error of ztunnel that is about no connection. */
export interface ZtunnelWarning {
  at: string
  scope: string
  message: string
}

export interface ZtunnelLog {
  connections: ZtunnelConnection[]
  warnings: ZtunnelWarning[]
}

const LINE = /^(?<at>\d{4}-\d\d-\d\dT\S+Z)\s+(?<level>\w+)\s+(?<scope>\S+)\s+(?<rest>.*)$/
const FIELD = /([\w.]+)=("(?:[^"\\]|\\.)*"|\S+)/g

const unquoted = (value: string): string => (value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value)

/** The parts of a line that both encodings have: the text one is `TIME LEVEL SCOPE MESSAGE KEY=VALUE…`, the other an object. */
interface Line {
  at: string
  level: string
  scope: string
  message: string
  fields: ReadonlyMap<string, string>
}

function lineOf(line: string): Line | undefined {
  if (line.startsWith('{')) {
    try {
      const { time, level, scope, message, ...rest } = JSON.parse(line) as Record<string, unknown>
      if (typeof time !== 'string' || typeof level !== 'string') return undefined
      const fields = new Map(Object.entries(rest).map(([key, value]) => [key, String(value)]))
      return { at: time, level: level.toLowerCase(), scope: String(scope), message: String(message), fields }
    } catch {
      return undefined
    }
  }
  const { at, level, scope, rest } = LINE.exec(line)?.groups ?? {}
  if (at === undefined || level === undefined || scope === undefined || rest === undefined) return undefined
  const fields = new Map([...rest.matchAll(FIELD)].map(([, key = '', value = '']) => [key, unquoted(value)]))
  const [first] = rest.matchAll(FIELD)
  return { at, level: level.toLowerCase(), scope, message: rest.slice(0, first?.index).trim(), fields }
}

function endOf(side: 'src' | 'dst', fields: Line['fields']): ZtunnelEnd {
  const of = (name: string): string | undefined => fields.get(`${side}.${name}`)
  return {
    address: of('addr') ?? '',
    ...defined({ workload: of('workload'), namespace: of('namespace'), identity: of('identity') }),
  }
}

function connectionOf({ at, fields }: Line): ZtunnelConnection {
  const direction = fields.get('direction')
  return {
    at,
    ...(direction === 'inbound' || direction === 'outbound' ? { direction } : {}),
    source: endOf('src', fields),
    destination: {
      ...endOf('dst', fields),
      ...defined({ service: fields.get('dst.service'), inner: fields.get('dst.hbone_addr') }),
    },
    ...defined({ duration: milliseconds(fields.get('duration')), error: fields.get('error') }),
  }
}

/** Reads the end of a ztunnel's log: its connections, and what it warned of besides. A connection that was only opened has not come to anything yet. */
export function parseZtunnelLog(log: string): ZtunnelLog {
  const lines = log.split('\n').flatMap((line) => lineOf(line) ?? [])
  return {
    connections: lines
      .filter(({ scope, message }) => scope === 'access' && !message.startsWith('connection opened'))
      .map(connectionOf),
    warnings: lines
      .filter(({ level, scope }) => scope !== 'access' && ['warn', 'warning', 'error'].includes(level))
      .map(({ at, scope, message, fields }) => ({
        at,
        scope,
        message: [message, ...[...fields].map(([key, value]) => `${key}=${value}`)].join(' '),
      })),
  }
}
