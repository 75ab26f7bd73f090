import { table } from './table.ts'

/** What each of Envoy's response flags says, in a few words (Envoy documentation, access log, `%RESPONSE_FLAGS%`). */
export const RESPONSE_FLAGS: Readonly<Record<string, { name: string; meaning: string }>> = table({
  DC: { name: 'DownstreamConnectionTermination', meaning: 'the caller hung up' },
  DF: { name: 'DnsResolutionFailed', meaning: 'the host could not be resolved' },
  DI: { name: 'DelayInjected', meaning: 'a fault rule delayed the request' },
  DO: { name: 'DropOverload', meaning: 'dropped for overload' },
  DPE: { name: 'DownstreamProtocolError', meaning: 'the caller broke the HTTP protocol' },
  DR: { name: 'DownstreamRemoteReset', meaning: 'the caller reset the stream' },
  DT: { name: 'DurationTimeout', meaning: 'the connection lived too long' },
  FI: { name: 'FaultInjected', meaning: 'a fault rule aborted the request' },
  IH: { name: 'InvalidEnvoyRequestHeaders', meaning: 'an x-envoy header was invalid' },
  LH: { name: 'FailedLocalHealthCheck', meaning: 'the local health check failed' },
  LR: { name: 'LocalReset', meaning: 'Envoy reset the connection' },
  NC: { name: 'NoClusterFound', meaning: 'the route leads to a cluster the proxy does not have' },
  NFCF: { name: 'NoFilterConfigFound', meaning: 'a filter had no configuration yet' },
  NR: { name: 'NoRouteFound', meaning: 'no route matched' },
  OM: { name: 'OverloadManagerTerminated', meaning: "Envoy's overload manager ended it" },
  RFCF: { name: 'ResponseFromCacheFilter', meaning: 'answered from the cache' },
  RL: { name: 'RateLimited', meaning: 'rate limited' },
  RLSE: { name: 'RateLimitServiceError', meaning: 'the rate limit service failed' },
  SI: { name: 'StreamIdleTimeout', meaning: 'the stream was idle too long' },
  UAEX: { name: 'UnauthorizedExternalService', meaning: 'the external authorizer said no' },
  UC: { name: 'UpstreamConnectionTermination', meaning: 'the upstream closed the connection' },
  UDO: { name: 'UnconditionalDropOverload', meaning: 'all requests are dropped for overload' },
  UF: { name: 'UpstreamConnectionFailure', meaning: 'the upstream could not be connected' },
  UH: { name: 'NoHealthyUpstream', meaning: 'no healthy host in the cluster' },
  UMSDR: { name: 'UpstreamMaxStreamDurationReached', meaning: 'the upstream stream lived too long' },
  UO: { name: 'UpstreamOverflow', meaning: 'a circuit breaker was open' },
  UPE: { name: 'UpstreamProtocolError', meaning: 'the upstream broke the HTTP protocol' },
  UR: { name: 'UpstreamRemoteReset', meaning: 'the upstream reset the stream' },
  URX: { name: 'UpstreamRetryLimitExceeded', meaning: 'retries were used up' },
  UT: { name: 'UpstreamRequestTimeout', meaning: 'the upstream did not answer in time' },
})

/** Splits a flags field (`UF,URX`, `-`) into its flags; unknown ones are kept as they are. */
export function parseFlags(field: string | null | undefined): string[] {
  if (field === null || field === undefined || field === '-' || field === '') return []
  return field
    .split(',')
    .map((flag) => flag.trim())
    .filter((flag) => flag !== '')
}
