import { GATEWAY_API } from '../../../mesh/conversion.ts'
import { ipOf, portOf } from '../../../mesh/address.ts'
import { refOf } from '../../../mesh/objects.ts'
import { formatRef } from '../../../mesh/ref.ts'
import { gatewayLead } from '../attachment.ts'
import type { Case, Lead } from '../lead.ts'
import { value, values } from '../lead.ts'
import { lead, times, type Sign } from './sign.ts'

/** Requests of a caller inside the cluster for the address of a Gateway's Service, which get no connection there: the Gateway has no such port, or nobody serves it. */
export function gatewayByAddress(sign: Sign, { evidence, followed }: Case): Lead[] {
  const { entry } = sign
  if (followed.requests.caller?.kind === 'ingress' || !entry.flags.some((flag) => /^(UF|UH|UC|URX)$/.test(flag)))
    return []
  const address = ipOf(entry.downstreamLocal)
  const service = evidence.objects('services').find(({ spec }) => address !== undefined && spec?.clusterIP === address)
  const name = service?.metadata.labels?.[`${GATEWAY_API}/gateway-name`]
  if (service === undefined || name === undefined) return []
  const gateway = evidence.object('gateway-api-gateways', service.metadata.namespace ?? '', name)
  if (gateway === undefined) return []
  const unserved = gatewayLead(gateway, evidence)
  if (unserved !== undefined) return [unserved]
  const asked = portOf(entry.downstreamLocal)
  const ports = (gateway.spec?.listeners ?? []).map(({ port }) => port)
  return asked === undefined || ports.includes(asked)
    ? []
    : [
        lead(
          'MESH0133',
          refOf(gateway),
          `callers ask ${formatRef(refOf(service))} for port ${value(asked)}, and it has ${ports.length === 0 ? 'no listeners' : `listeners at ${values(ports.map(String))} only`}: ${times(sign)} got no connection`,
          `Give it a listener at port ${value(asked)}, or make callers use one that it has`,
        ),
      ]
}
