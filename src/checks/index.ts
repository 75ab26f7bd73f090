import { accessLogOff } from './access-log-off.ts'
import { allEndpointsEjected } from './all-endpoints-ejected.ts'
import { analyzerMessage } from './analyzer-message.ts'
import { authorizationDenied } from './authorization-denied.ts'
import { blockedOutbound } from './blocked-outbound.ts'
import { callerHangsUp } from './caller-hangs-up.ts'
import { capturedPackets } from './captured-packets.ts'
import { certificateExpiring } from './certificate-expiring.ts'
import type { Check } from './check.ts'
import { circuitBreakerOverflow } from './circuit-breaker-overflow.ts'
import { clientServerDisagree } from './client-server-disagree.ts'
import { conflictingSelectors } from './conflicting-selectors.ts'
import { conflictingVirtualServices } from './conflicting-virtual-services.ts'
import { connectFails } from './connect-fails.ts'
import { containerEnded } from './container-ended.ts'
import { duplicateCertificate } from './duplicate-certificate.ts'
import { errorsInRollout } from './errors-in-rollout.ts'
import { failingRequests } from './failing-requests.ts'
import { faultLeftOn } from './fault-left-on.ts'
import { gatewayCredential } from './gateway-credential.ts'
import { gatewayNotProgrammed } from './gateway-not-programmed.ts'
import { gatewayPortNotOnService } from './gateway-port-not-on-service.ts'
import { gatewaySelectorMatchesNothing } from './gateway-selector-matches-nothing.ts'
import { hostHiddenFromCaller } from './host-hidden-from-caller.ts'
import { injectionLabelConflict } from './injection-label-conflict.ts'
import { istiodUnavailable } from './istiod-unavailable.ts'
import { jwtProblem } from './jwt-problem.ts'
import { keepAliveRace } from './keep-alive-race.ts'
import { kialiValidation } from './kiali-validation.ts'
import { localhostListener } from './localhost-listener.ts'
import { missingSubset } from './missing-subset.ts'
import { mtlsModeConflict } from './mtls-mode-conflict.ts'
import { networkPolicyBlocks } from './network-policy-blocks.ts'
import { noReadyEndpoints } from './no-ready-endpoints.ts'
import { plaintextCallerInStrict } from './plaintext-caller-in-strict.ts'
import { podNotCaptured } from './pod-not-captured.ts'
import { podWithoutSidecar } from './pod-without-sidecar.ts'
import { policyWithoutWaypoint } from './policy-without-waypoint.ts'
import { portProtocolMismatch } from './port-protocol-mismatch.ts'
import { proxyNotConnected } from './proxy-not-connected.ts'
import { proxyVersionSkew } from './proxy-version-skew.ts'
import { rejectedConfiguration } from './rejected-configuration.ts'
import { requestsFail } from './requests-fail.ts'
import { reservedUid } from './reserved-uid.ts'
import { retryStorm } from './retry-storm.ts'
import { routeBackend } from './route-backend.ts'
import { routeNotAttached } from './route-not-attached.ts'
import { routeNotConverted } from './route-not-converted.ts'
import { shadowedRoute } from './shadowed-route.ts'
import { slowPod } from './slow-pod.ts'
import { staleProxy } from './stale-proxy.ts'
import { statefulSetWithoutService } from './stateful-set-without-service.ts'
import { subsetSelectsNoPods } from './subset-selects-no-pods.ts'
import { targetPortNotListening } from './target-port-not-listening.ts'
import { timeoutShorterThanLatency } from './timeout-shorter-than-latency.ts'
import { tunnelConnectionsFail } from './tunnel-connections-fail.ts'
import { unknownDestinationHost } from './unknown-destination-host.ts'
import { virtualServiceNotBound } from './virtual-service-not-bound.ts'
import { waypointNotUsed } from './waypoint-not-used.ts'
import { webhookDown } from './webhook-down.ts'
import { ztunnelCertificateMissing } from './ztunnel-certificate-missing.ts'
import { ztunnelNotReady } from './ztunnel-not-ready.ts'
import { ztunnelsDiffer } from './ztunnels-differ.ts'

/** Every check, sorted by name. */
export const CHECKS: readonly Check[] = [
  accessLogOff,
  allEndpointsEjected,
  analyzerMessage,
  authorizationDenied,
  blockedOutbound,
  callerHangsUp,
  capturedPackets,
  certificateExpiring,
  circuitBreakerOverflow,
  clientServerDisagree,
  conflictingSelectors,
  conflictingVirtualServices,
  connectFails,
  containerEnded,
  duplicateCertificate,
  errorsInRollout,
  failingRequests,
  faultLeftOn,
  gatewayCredential,
  gatewayNotProgrammed,
  gatewayPortNotOnService,
  gatewaySelectorMatchesNothing,
  hostHiddenFromCaller,
  injectionLabelConflict,
  istiodUnavailable,
  jwtProblem,
  keepAliveRace,
  kialiValidation,
  localhostListener,
  missingSubset,
  mtlsModeConflict,
  networkPolicyBlocks,
  noReadyEndpoints,
  plaintextCallerInStrict,
  podNotCaptured,
  podWithoutSidecar,
  policyWithoutWaypoint,
  portProtocolMismatch,
  proxyNotConnected,
  proxyVersionSkew,
  rejectedConfiguration,
  requestsFail,
  reservedUid,
  retryStorm,
  routeBackend,
  routeNotAttached,
  routeNotConverted,
  shadowedRoute,
  slowPod,
  staleProxy,
  statefulSetWithoutService,
  subsetSelectsNoPods,
  targetPortNotListening,
  timeoutShorterThanLatency,
  tunnelConnectionsFail,
  unknownDestinationHost,
  virtualServiceNotBound,
  waypointNotUsed,
  webhookDown,
  ztunnelCertificateMissing,
  ztunnelNotReady,
  ztunnelsDiffer,
]
