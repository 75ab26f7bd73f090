import { table } from './table.ts'

/** What one of Envoy's response flags tells. */
export interface ResponseFlag {
  /** As Envoy's long form, `%RESPONSE_FLAGS_LONG%`, has it. */
  name: string
  /** What happened, in a few words. */
  meaning: string
  /** Who or what made it so. */
  by: string
  /** What to look at next, in one or two sentences. */
  next: string
}

/** Envoy's response flags (Envoy documentation, access log, `%RESPONSE_FLAGS%`), sorted. */
export const RESPONSE_FLAGS: Readonly<Record<string, ResponseFlag>> = table({
  DC: {
    name: 'DownstreamConnectionTermination',
    meaning: 'the caller hung up',
    by: 'the caller',
    next: "Look at the same request id in the caller's log: a UT there means that the caller's own timeout was shorter; otherwise whoever called gave up. Equal durations point to a client's timeout of that length.",
  },
  DF: {
    name: 'DnsResolutionFailed',
    meaning: 'the host could not be resolved',
    by: "the host's name",
    next: "Look up the host of the cluster from the proxy's pod; compare the ServiceEntry's resolution and addresses.",
  },
  DI: {
    name: 'DelayInjected',
    meaning: 'a fault rule delayed the request',
    by: 'a VirtualService',
    next: 'Find the fault.delay of the route that the log line names.',
  },
  DO: {
    name: 'DropOverload',
    meaning: 'dropped for overload',
    by: 'the load assignment',
    next: 'Look at drop_overloads in the endpoints of the cluster.',
  },
  DPE: {
    name: 'DownstreamProtocolError',
    meaning: 'the caller broke the HTTP protocol',
    by: 'the caller',
    next: "Look for a caller that speaks another protocol than the port's name says, or sends headers that HTTP does not allow.",
  },
  DR: {
    name: 'DownstreamRemoteReset',
    meaning: 'the caller reset the stream',
    by: 'the caller',
    next: "As for DC, over HTTP/2: look at the same request id in the caller's log.",
  },
  DT: {
    name: 'DurationTimeout',
    meaning: 'the connection lived too long',
    by: 'this proxy',
    next: 'Look for a maximum connection duration: DestinationRule, EnvoyFilter.',
  },
  FI: {
    name: 'FaultInjected',
    meaning: 'a fault rule aborted the request',
    by: 'a VirtualService',
    next: 'Find the fault.abort of the route that the log line names.',
  },
  IH: {
    name: 'InvalidEnvoyRequestHeaders',
    meaning: 'an x-envoy header was invalid',
    by: 'the caller',
    next: 'Look at the x-envoy headers that the caller sends.',
  },
  LH: {
    name: 'FailedLocalHealthCheck',
    meaning: 'the local health check failed',
    by: 'this proxy',
    next: "Look at the health checks that the proxy's own configuration asks for.",
  },
  LR: {
    name: 'LocalReset',
    meaning: 'Envoy reset the connection',
    by: 'this proxy',
    next: 'Raise the log level of http and connection, and read why Envoy gave up.',
  },
  NC: {
    name: 'NoClusterFound',
    meaning: 'the route leads to a cluster the proxy does not have',
    by: "the route's destination",
    next: 'Compare the destination with the Services and the subsets of DestinationRules: a host or subset is misspelt, or hidden from this proxy by a Sidecar or exportTo.',
  },
  NFCF: {
    name: 'NoFilterConfigFound',
    meaning: 'a filter had no configuration yet',
    by: 'istiod',
    next: "Look at the proxy's sync state: extension configuration (ECDS) has not arrived, or was rejected.",
  },
  NR: {
    name: 'NoRouteFound',
    meaning: 'no route matched',
    by: 'routing',
    next: 'Compare host, path and headers of the request with the routes of this proxy; with TCP, no filter chain matched the port or server name.',
  },
  OM: {
    name: 'OverloadManagerTerminated',
    meaning: "Envoy's overload manager ended it",
    by: 'this proxy',
    next: 'Look at the memory of the proxy and its limits.',
  },
  RFCF: {
    name: 'ResponseFromCacheFilter',
    meaning: 'answered from the cache',
    by: 'this proxy',
    next: 'Nothing failed: a cache filter answered.',
  },
  RL: {
    name: 'RateLimited',
    meaning: 'rate limited',
    by: 'a rate limit',
    next: "Find the local or global rate limit of the proxy: EnvoyFilters, and the limit's descriptors.",
  },
  RLSE: {
    name: 'RateLimitServiceError',
    meaning: 'the rate limit service failed',
    by: 'the rate limit service',
    next: 'Look at the service that the rate limit filter names.',
  },
  SI: {
    name: 'StreamIdleTimeout',
    meaning: 'the stream was idle too long',
    by: 'this proxy',
    next: "Look for an idle timeout shorter than the application's pauses.",
  },
  UAEX: {
    name: 'UnauthorizedExternalService',
    meaning: 'the external authorizer said no',
    by: 'the external authorizer',
    next: 'Look at the provider that the AuthorizationPolicy with action CUSTOM names, and at its log.',
  },
  UC: {
    name: 'UpstreamConnectionTermination',
    meaning: 'the upstream closed the connection',
    by: 'the destination',
    next: "A duration of some milliseconds on a reused connection points to an idle timeout of the application that is shorter than the proxy's; else look for a restart, for a pod that was ended, and for another protocol at the port.",
  },
  UDO: {
    name: 'UnconditionalDropOverload',
    meaning: 'all requests are dropped for overload',
    by: 'the load assignment',
    next: 'Look at drop_overloads in the endpoints of the cluster.',
  },
  UF: {
    name: 'UpstreamConnectionFailure',
    meaning: 'the upstream could not be connected',
    by: 'the destination or the network',
    next: 'Read the transport failure after the flags: refused (nothing listens on the port), time-out (a NetworkPolicy or the network), TLS (mode or certificates at either end).',
  },
  UH: {
    name: 'NoHealthyUpstream',
    meaning: 'no healthy host in the cluster',
    by: 'the destination',
    next: 'Look for ready pods behind the Service or subset, and for hosts that outlier detection has ejected.',
  },
  UMSDR: {
    name: 'UpstreamMaxStreamDurationReached',
    meaning: 'the upstream stream lived too long',
    by: 'the route',
    next: 'Look for a maximum stream duration of the route.',
  },
  UO: {
    name: 'UpstreamOverflow',
    meaning: 'a circuit breaker was open',
    by: 'a DestinationRule',
    next: 'Compare connectionPool of the DestinationRule with the requests and connections that are open at once.',
  },
  UPE: {
    name: 'UpstreamProtocolError',
    meaning: 'the upstream broke the HTTP protocol',
    by: 'the destination',
    next: 'Look for a port whose name promises another protocol than the application speaks, HTTP/2 against HTTP/1.1 among them.',
  },
  UR: {
    name: 'UpstreamRemoteReset',
    meaning: 'the upstream reset the stream',
    by: 'the destination',
    next: "Look at the application's log for this request id.",
  },
  URX: {
    name: 'UpstreamRetryLimitExceeded',
    meaning: 'retries were used up',
    by: 'the destination',
    next: 'Look at why each attempt failed: the retries hide it. For TCP, connection attempts were used up.',
  },
  UT: {
    name: 'UpstreamRequestTimeout',
    meaning: 'the upstream did not answer in time',
    by: 'a slow destination or a short timeout',
    next: "Compare the route's timeout with how long the destination takes; its own proxy logs 0 DC for the same request id.",
  },
})

/** Splits a flags field (`UF,URX`, `-`) into its flags; unknown ones are kept as they are. */
export function parseFlags(field: string | null | undefined): string[] {
  if (field === null || field === undefined || field === '-' || field === '') return []
  return field
    .split(',')
    .map((flag) => flag.trim())
    .filter((flag) => flag !== '')
}
