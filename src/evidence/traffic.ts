/** Request rates by answer, as Prometheus has them for one service. */
export interface Traffic {
  /** The window the rates are over, in seconds. */
  seconds: number
  /** FQDN of the service. */
  host: string
  /** Requests per second, as the caller's proxy ("source") and the service's own ("destination") counted them. */
  rates: { reporter: string; code: string; flags: string; rate: number }[]
}

/** How requests to one service were answered over time, as Prometheus counted them. */
export interface TrafficHistory {
  /** FQDN of the service. */
  host: string
  /** ISO times, by the mesh's clock, of the first and the last point that was asked for. */
  from: string
  to: string
  /** Seconds between two points, and seconds before each that its rate is over. */
  step: number
  over: number
  /** Requests per second by answer; the points in order, those without a number left out. */
  series: { reporter: string; code: string; flags: string; points: { at: number; value: number }[] }[]
  /** Kinds of answer, the rarest, that were left out. */
  left?: number
  /** Milliseconds by pod, as the pods' own proxies counted them; absent where no histogram is kept. */
  latencies?: { pod: string; p50: number; p95: number }[]
  /** Seconds that latencies are over. */
  latenciesOver: number
  /** Seconds by which Prometheus's clock is ahead of the mesh's, where it is worth saying; times here are by the mesh's. */
  ahead?: number
}
