import type { Fix } from '../proposal.ts'
import { addDestinationPort } from './add-destination-port.ts'
import { addGatewayHost } from './add-gateway-host.ts'
import { addReferenceGrant } from './add-reference-grant.ts'
import { addSubsets } from './add-subsets.ts'
import { alignTlsMode } from './align-tls-mode.ts'
import { bindGateway } from './bind-gateway.ts'
import { copySubsets } from './copy-subsets.ts'
import { correctAppProtocol } from './correct-app-protocol.ts'
import { correctBackend } from './correct-backend.ts'
import { correctHost } from './correct-host.ts'
import { correctPort } from './correct-port.ts'
import { correctSelector } from './correct-selector.ts'
import { correctSubset } from './correct-subset.ts'
import { correctSubsetLabels } from './correct-subset-labels.ts'
import { correctTargetPort } from './correct-target-port.ts'
import { ejectSlowEndpoint } from './eject-slow-endpoint.ts'
import { exportToCaller } from './export-to-caller.ts'
import { injectNamespace } from './inject-namespace.ts'
import { injectWorkload } from './inject-workload.ts'
import { limitEjection } from './limit-ejection.ts'
import { mergeVirtualServices } from './merge-virtual-services.ts'
import { openListener } from './open-listener.ts'
import { raiseConnectionLimits } from './raise-connection-limits.ts'
import { raiseTimeout } from './raise-timeout.ts'
import { removeFault } from './remove-fault.ts'
import { removeRejectedEnvoyfilter } from './remove-rejected-envoyfilter.ts'
import { reorderRoutes } from './reorder-routes.ts'
import { replaceOnePod } from './replace-one-pod.ts'
import { restartWorkload } from './restart-workload.ts'
import { takeOutRoutes } from './take-out-routes.ts'

/** Every fix, sorted by act. */
export const FIXES: readonly Fix[] = [
  addDestinationPort,
  addGatewayHost,
  addReferenceGrant,
  addSubsets,
  alignTlsMode,
  bindGateway,
  copySubsets,
  correctAppProtocol,
  correctBackend,
  correctHost,
  correctPort,
  correctSelector,
  correctSubset,
  correctSubsetLabels,
  correctTargetPort,
  ejectSlowEndpoint,
  exportToCaller,
  injectNamespace,
  injectWorkload,
  limitEjection,
  mergeVirtualServices,
  openListener,
  raiseConnectionLimits,
  raiseTimeout,
  removeFault,
  removeRejectedEnvoyfilter,
  reorderRoutes,
  replaceOnePod,
  restartWorkload,
  takeOutRoutes,
]
