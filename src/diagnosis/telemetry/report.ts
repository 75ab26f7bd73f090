import type { Ref } from '../../mesh/ref.ts'
import type { ChangePoint } from './change-point.ts'

/** Requests as the proxies at one end counted them. */
export interface Side {
  requests: number
  /** The client's: 5xx, and those that got no answer. The server's: 5xx alone, as its dashboards count. */
  failed: number
  /** Milliseconds; absent where no histogram is kept. */
  latency?: { p50: number; p95: number; p99: number }
}

/** Requests of one end with one answer. */
export interface Answered {
  end: 'client' | 'server'
  code: string
  flags: string[]
  requests: number
}

/** What one end counts and the other does not, or counts as something else. */
export interface Difference {
  /** `504 UT` as the clients count it. */
  answer: string
  requests: number
  /** Why the other end counts it differently, in one sentence. */
  says: string
}

/** What Prometheus knows of the requests to a target. */
export interface Telemetry {
  target: Ref
  hosts: string[]
  /** Seconds. */
  window: number
  at: string
  /** As callers' proxies counted; absent where none is scraped or none called. */
  client?: Side
  /** As the target's own proxies counted. */
  server?: Side
  answers: Answered[]
  differences: Difference[]
  /** The pods that answered, most failures first. */
  pods: { name: string; version?: string; requests: number; failed: number; p50?: number }[]
  /** Since when so many fail, as the clients count it; as the server does where they do not. */
  since?: ChangePoint
  /** What could not be told, in sentences. */
  notes: string[]
  /** What was asked, as it can be asked by hand. */
  queries: { what: string; expression: string }[]
}
