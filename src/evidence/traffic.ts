/** Request rates by answer, as Prometheus has them for one service. */
export interface Traffic {
  /** The window the rates are over, in seconds. */
  seconds: number
  /** FQDN of the service. */
  host: string
  /** Requests per second, as the caller's proxy ("source") and the service's own ("destination") counted them. */
  rates: { reporter: string; code: string; flags: string; rate: number }[]
}
