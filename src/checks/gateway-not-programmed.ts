import { isConverted } from '../mesh/conversion.ts'
import type { Condition, GatewayObject } from '../mesh/gateway-api.ts'
import { failedConditions } from '../mesh/gateway-api.ts'
import { latestChange, refOf } from '../mesh/objects.ts'
import { formatRef } from '../mesh/ref.ts'
import { podsOfGateway } from '../mesh/routing.ts'
import { since } from '../mesh/access-log.ts'
import type { Gateway } from '../mesh/objects.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Target } from '../mesh/target.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { gatewaysFor } from './facts/proxies-of.ts'
import { readingFor } from './facts/readings.ts'
import { forHosts } from './facts/traffic-of.ts'
import { table } from '../mesh/table.ts'

/** Milliseconds that whoever gives addresses may take. */
const GRACE = 60_000

/** The controller of a Gateway of the Gateway API says that it could not do what the Gateway asks for: requests from outside do not get there. */
export const gatewayNotProgrammed = defineCheck({
  name: 'gateway-not-programmed',
  about: 'every Gateway of the Gateway API that leads to the target has an address, and its controller accepted it',
  needs: ['gateway-api-gateways', 'http-routes'],
  confirms: [
    'gateway-classes',
    'grpc-routes',
    'tls-routes',
    'tcp-routes',
    'gateways',
    'listener-sets',
    'namespaces',
    'services',
    'virtual-services',
    'pods',
    'access-log',
  ],
  problems: {
    MESH0608: {
      severity: 'error',
      title: 'Gateway is not programmed',
      covers: ['IST0171'],
      says: '{subject} is not programmed: {clause}',
      remedy: '{correction}.',
      explains: ['MESH0401', 'MESH0404'],
    },
  },
  run(evidence, target) {
    return gatewaysFor(evidence, target)
      .filter(isConverted)
      .flatMap((gateway) => {
        const { namespace = '', name } = gateway.metadata
        const written = evidence.object('gateway-api-gateways', namespace, name)
        return written === undefined ? [] : judge(gateway, written, evidence, target)
      })
  },
})

const REMEDIES: Readonly<Record<string, string>> = table({
  AddressNotAssigned:
    'Find what assigns addresses to load balancers in this cluster, or set another type of Service (annotation `networking.istio.io/service-type`)',
  UnsupportedAddress: 'Name an address of a type that Istio accepts: `Hostname` of a Service, or `IPAddress`',
  Invalid: 'Correct what the condition names',
})

function judge(gateway: Gateway, written: GatewayObject, evidence: Evidence, target: Target): Found[] {
  const reading = readingFor('gateway-api-gateways', evidence)
  const isOld = ({ lastTransitionTime }: Condition): boolean =>
    lastTransitionTime === undefined || !(Date.parse(reading.at) - Date.parse(lastTransitionTime) < GRACE)
  const failed = failedConditions(written.status?.conditions ?? [], written).filter(
    (one) => (one.type === 'Programmed' || one.type === 'Accepted') && isOld(one),
  )
  const [condition] = failed
  if (condition === undefined) return []
  const { type, reason = '', message = '' } = condition
  const answered = answeredBy(gateway, evidence, target)
  const listeners = written.status?.listeners ?? []
  // One listener that is not valid leaves the others as they are; which of them the target's requests come by, following them tells.
  const isPartly =
    (reason === 'ListenersNotValid' || reason === 'Invalid') &&
    listeners.some((one) => failedConditions(one.conditions ?? [], written).length === 0)
  return [
    {
      code: 'MESH0608',
      // Its controller's word is enough until requests show that callers get there all the same.
      standing: answered.length > 0 || isPartly ? 'configured' : 'live',
      subject: refOf(written),
      args: {
        clause: `its controller says \`${type}=False ${reason}\`: \`${message}\``,
        correction: REMEDIES[reason] ?? 'Correct what the condition names',
      },
      because: [
        proof(
          reading,
          `the controller of ${formatRef(refOf(written))} says that it is not programmed`,
          `${type}=False ${reason}: ${message}`,
        ),
        ...answered,
      ],
      scope: [...target.hosts],
    },
  ]
}

/** Requests for the target that the Gateway's own pods answered since it was changed. */
function answeredBy(gateway: Gateway, evidence: Evidence, target: Target): Proof[] {
  const moment = latestChange([gateway])
  const isFor = forHosts(target.hosts)
  return podsOfGateway(gateway, evidence.objects('pods')).flatMap((pod) => {
    const log = evidence.seenOf('access-log', refOf(pod))
    const answered =
      log === undefined
        ? []
        : since(log.value.lines, moment).filter((one) => isFor(one) && one.code > 0 && one.code < 400)
    return log === undefined || answered.length === 0
      ? []
      : [
          proof(
            log,
            `contradicted: ${answered.length} requests for ${target.name} were answered through ${pod.metadata.name} since`,
          ),
        ]
  })
}
