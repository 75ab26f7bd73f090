import type { Ref } from '../../mesh/ref.ts'
import type { Answered, Difference, Side } from '../../mesh/both-ends.ts'
import type { ChangePoint, Point } from '../../mesh/change-point.ts'

/** What the query of requests is called whose caller hung up, which servers count as no error. */
export const HANG_UPS = 'requests whose caller hung up (DC), by pod and version, as the servers count'

/** What Prometheus knows of the requests to a target. */
export interface Telemetry {
  target: Ref
  /** Of a target that is none itself: the Services whose requests are counted, those to other pods of theirs too. Absent in answers of before. */
  services?: Ref[]
  hosts: string[]
  /** Seconds. */
  window: number
  at: string
  /** As callers' proxies counted; absent where none is scraped or none called. */
  client?: Side
  /** As the target's own proxies counted, or the waypoint in front of it. */
  server?: Side
  /** Who counted as the server, where it is not the target's own proxies. */
  by?: 'waypoint'
  answers: Answered[]
  differences: Difference[]
  /** The pods that answered, most failures first. */
  pods: { name: string; version?: string; requests: number; failed: number; p50?: number }[]
  /** Since when so many fail, as the clients count it; as the server does where they do not. */
  since?: ChangePoint
  /** The share of requests that succeed at each end, a point a minute; absent where Prometheus cannot be asked over time. Answers of before have none. */
  history?: { from: string; to: string; step: number; client: Point[]; server: Point[] }
  /** What could not be told, in sentences. */
  notes: string[]
  /** What was asked, and what helps to look further, as it can be asked by hand. */
  queries: { what: string; expression: string }[]
}
