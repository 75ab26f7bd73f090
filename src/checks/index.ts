import { analyzerMessage } from './analyzer-message.ts'
import type { Check } from './check.ts'
import { conflictingVirtualServices } from './conflicting-virtual-services.ts'
import { failingRequests } from './failing-requests.ts'
import { istiodUnavailable } from './istiod-unavailable.ts'
import { missingSubset } from './missing-subset.ts'
import { noReadyEndpoints } from './no-ready-endpoints.ts'
import { podWithoutSidecar } from './pod-without-sidecar.ts'
import { proxyNotConnected } from './proxy-not-connected.ts'
import { rejectedConfiguration } from './rejected-configuration.ts'
import { shadowedRoute } from './shadowed-route.ts'
import { staleProxy } from './stale-proxy.ts'
import { subsetSelectsNoPods } from './subset-selects-no-pods.ts'
import { unknownDestinationHost } from './unknown-destination-host.ts'
import { virtualServiceNotBound } from './virtual-service-not-bound.ts'

/** Every check, sorted by name. */
export const CHECKS: readonly Check[] = [
  analyzerMessage,
  conflictingVirtualServices,
  failingRequests,
  istiodUnavailable,
  missingSubset,
  noReadyEndpoints,
  podWithoutSidecar,
  proxyNotConnected,
  rejectedConfiguration,
  shadowedRoute,
  staleProxy,
  subsetSelectsNoPods,
  unknownDestinationHost,
  virtualServiceNotBound,
]
