import type { Evidence } from '../../evidence/evidence.ts'
import type { Condition, GatewayObject } from '../../mesh/gateway-api.ts'
import { failedConditions, isCurrent } from '../../mesh/gateway-api.ts'
import { latestChange, refOf } from '../../mesh/objects.ts'
import { formatRef, type Ref } from '../../mesh/ref.ts'
import { value, values } from './clause.ts'
import { conditionText, obstacle, said, type Obstacle } from './obstacle.ts'

/** An address that is awaited keeps callers out, and no route from the proxies; a listener that is not valid none of the others. */
const isOfOthers = ({ reason, message = '' }: Condition): boolean =>
  reason === 'ListenersNotValid' || (message.includes('address pending') && !message.includes('not found'))

/** Milliseconds within which a controller judges a change: what it says later is about something else. */
const JUDGED_WITHIN = 3_000

/** A listener's certificate is not there: the Secret is gone when the controller found it after the Gateway was last changed, else the Gateway names none that exists. */
function withoutCertificate(
  gateway: GatewayObject,
  { lastTransitionTime, message = '' }: Condition,
  failed: readonly Condition[],
  evidence: Evidence,
): Obstacle | undefined {
  const { namespace, name } = /secret (?<namespace>[^\s/]+)\/(?<name>\S+) not found/.exec(message)?.groups ?? {}
  if (namespace === undefined || name === undefined) return undefined
  const secret: Ref = { kind: 'Secret', namespace, name }
  const listener = /^listener (\S+):/.exec(message)?.[1]
  const holder = `${listener === undefined ? '' : `listener ${value(listener)} of `}${formatRef(refOf(gateway))}`
  const because = said(gateway, failed, evidence)
  const isGone = Date.parse(lastTransitionTime ?? '') - latestChange([gateway]) > JUDGED_WITHIN
  return isGone
    ? {
        subject: secret,
        why: `${formatRef(secret)}, the certificate of ${holder}, is gone since ${value(lastTransitionTime ?? '')}`,
        remedy: `Create ${formatRef(secret)} again, of type kubernetes.io/tls`,
        because,
      }
    : obstacle(
        gateway,
        `${holder} names the certificate ${formatRef(secret)}, which does not exist`,
        `Create ${formatRef(secret)}, of type kubernetes.io/tls, or correct the name in ${formatRef(refOf(gateway))}`,
        because,
      )
}

/**
 * Of a Gateway that does not do what it should, why: nobody serves its class, or what its controller says of it and its listeners, or of the
 * `listeners` that are asked about.
 */
export function gatewayObstacle(
  gateway: GatewayObject,
  evidence: Evidence,
  asked?: readonly string[],
): Obstacle | undefined {
  const { gatewayClassName = '' } = gateway.spec ?? {}
  const classes = evidence.objects('gateway-classes')
  const known = classes.find(({ metadata }) => metadata.name === gatewayClassName)
  if (known === undefined && evidence.seen('gateway-classes').length > 0)
    return obstacle(
      gateway,
      `its class ${value(gatewayClassName)} does not exist in this cluster, so no controller serves it`,
      `Name a class that exists: ${values(classes.map(({ metadata }) => metadata.name))}`,
    )
  const { conditions = [], listeners = [] } = gateway.status ?? {}
  const failed = [
    ...failedConditions(conditions, gateway).filter((one) => !isOfOthers(one)),
    ...listeners
      .filter(({ name }) => asked === undefined || asked.includes(name))
      .flatMap((one) =>
        failedConditions(one.conditions ?? [], gateway).map((each) => ({
          ...each,
          message: `listener ${one.name}: ${each.message ?? ''}`,
        })),
      ),
  ]
  const unreferred = failed.find(({ reason }) => reason === 'InvalidCertificateRef')
  const certificate = unreferred === undefined ? undefined : withoutCertificate(gateway, unreferred, failed, evidence)
  if (certificate !== undefined) return certificate
  const [first] = failed
  if (first !== undefined)
    return obstacle(
      gateway,
      `its controller says ${value(conditionText(first))}`,
      'Correct what the condition names',
      said(gateway, failed, evidence),
    )
  const isJudged = conditions.some((one) => isCurrent(one, gateway) && one.reason !== 'Pending')
  const [condition] = conditions
  if (isJudged || condition === undefined) return undefined
  const { observedGeneration: seen } = condition
  return obstacle(
    gateway,
    seen === undefined
      ? `no controller has processed it: its status says ${value(conditionText(condition))}`
      : `no controller has processed it since it was changed: its status is for generation ${value(String(seen))}, and it is at ${value(String(gateway.metadata.generation ?? 0))}`,
    'Look at the controller of its class',
  )
}
