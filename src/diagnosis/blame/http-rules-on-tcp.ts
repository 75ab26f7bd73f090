import { servicesInFront } from '../../checks/facts/owners.ts'
import { httpFields } from '../../mesh/http-fields.ts'
import type { AuthorizationPolicy, Pod, Service } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { containerPort } from '../../mesh/pods.ts'
import { httpProtocolOf } from '../../mesh/port-protocol.ts'
import type { Case, Lead } from './lead.ts'
import { newest, value, values } from './lead.ts'

/**
 * Where a pod's proxy takes connections to a port for plain TCP and closes them, as the rules that allow are about requests: the Service that does not say that its
 * port is HTTP, or the policy, whichever was changed last.
 *
 * @param port of the pod
 * @param allowing those that act on the pod
 */
export function httpRulesOnTcp(
  allowing: readonly AuthorizationPolicy[],
  pod: Pod,
  port: number,
  { evidence }: Case,
): Lead[] {
  const asking = allowing.filter(({ spec }) => (spec?.rules ?? []).some((rule) => httpFields(rule).length > 0))
  const unsaid = servicesInFront(pod, evidence).filter(({ spec }) =>
    (spec?.ports ?? []).some(
      (each) => containerPort(pod, each.targetPort ?? each.port) === port && httpProtocolOf(each) === undefined,
    ),
  )
  const blamed = newest<AuthorizationPolicy | Service>([...asking, ...unsaid])
  if (blamed === undefined || asking.length === 0 || unsaid.length === 0) return []
  const fields = [...new Set(asking.flatMap(({ spec }) => (spec?.rules ?? []).flatMap(httpFields)))]
  const names = values(asking.map(({ metadata }) => metadata.name))
  return [
    {
      code: 'MESH0531',
      isDeeper: true,
      subject: refOf(blamed),
      why:
        blamed.kind === 'Service'
          ? `it does not say that its port for ${value(port)} of ${value(pod.metadata.name)} is HTTP, so connections are judged as plain TCP, and ${names} asks for ${values(fields)}, which only requests have`
          : `it asks for ${values(fields)}, which only requests have, and port ${value(port)} of ${value(pod.metadata.name)} is plain TCP for its proxy`,
      remedy: 'Name the port http, or set its appProtocol, if it is HTTP; else make a rule match connections',
    },
  ]
}
