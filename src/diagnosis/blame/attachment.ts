import { obstaclesOf } from '../../checks/facts/attachment.ts'
import { gatewayObstacle } from '../../checks/facts/gateway-obstacle.ts'
import type { Obstacle } from '../../checks/facts/obstacle.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { RouteObject } from '../../mesh/conversion.ts'
import type { GatewayObject } from '../../mesh/gateway-api.ts'
import type { Lead } from './lead.ts'

const asLead = (one: Obstacle): Lead => ({ code: 'MESH0133', ...one })

/** Why a route of the Gateway API has no effect at the gateways it names as parents; nothing when one of them takes it for the host. */
export const attachmentLeads = (route: RouteObject, host: string, evidence: Evidence): Lead[] =>
  obstaclesOf(route, host, evidence).map(asLead)

/** Of a Gateway that does not do what it should, why. */
export function gatewayLead(gateway: GatewayObject, evidence: Evidence): Lead | undefined {
  const obstacle = gatewayObstacle(gateway, evidence)
  return obstacle === undefined ? undefined : asLead(obstacle)
}
