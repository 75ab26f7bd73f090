import type { Evidence } from '../../evidence/evidence.ts'
import type { Condition } from '../../mesh/gateway-api.ts'
import { ROUTE_KINDS } from '../../mesh/gateway-api.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import { proof, type Proof } from '../check.ts'

/** An object of the Gateway API that keeps a route from having an effect, or is such a route, and why. */
export interface Obstacle {
  subject: Ref
  /** A clause; values from the cluster stand between backticks. */
  why: string
  /** One sentence without its full stop: what would correct it. */
  remedy: string
  because: Proof[]
  /** The listener that would take it if it let its namespace in, or had its hostname. */
  closed?: { gateway: Ref; listener: string; by: 'namespace' | 'hostname' }
  /** The parents accept it, and Istio makes no route of it. */
  isConversion?: true
}

/** An obstacle without a listener that could be opened. */
export const obstacle = (subject: KubernetesObject, why: string, remedy: string, because: Proof[] = []): Obstacle => ({
  subject: refOf(subject),
  why,
  remedy,
  because,
})

/** A condition in one line. */
export const conditionText = ({ type, status, reason = '', message = '' }: Condition): string =>
  `${type}=${status} ${reason}: ${message}`

/** What a controller of Istio's says, as proof. */
export function said(object: KubernetesObject, conditions: readonly Condition[], evidence: Evidence): Proof[] {
  const kind = object.kind === 'Gateway' ? 'gateway-api-gateways' : (ROUTE_KINDS[object.kind] ?? 'http-routes')
  const [reading] = evidence.seen(kind)
  return reading === undefined
    ? []
    : conditions.map((one) =>
        proof(
          reading,
          `Istio's controller says of ${formatRef(refOf(object))} that ${one.type} is ${one.status}`,
          conditionText(one),
        ),
      )
}
