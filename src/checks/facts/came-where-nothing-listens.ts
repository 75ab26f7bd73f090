import type { Evidence } from '../../evidence/evidence.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Target } from '../../mesh/target.ts'
import { fact } from './fact.ts'
import { isGatewayPod } from './gateway-pod.ts'
import { requestsTo, type Request } from './requests-to.ts'

/**
 * Requests that a gateway led to the target and that came in at a port at which its proxy listens no more: a listener for streams goes with its last route, and who connects
 * then is refused without a line in any log.
 */
export const cameWhereNothingListens: (evidence: Evidence, target: Target) => readonly Request[] = fact(
  (evidence, target) => {
    const open = new Map(
      evidence
        .objects('pods')
        .filter((pod) => isGatewayPod(pod, evidence))
        .flatMap((pod): [string, ReadonlySet<number | undefined>][] => {
          const listeners = evidence.seenOf('listeners', refOf(pod))?.value
          return listeners === undefined
            ? []
            : [[pod.metadata.name, new Set(listeners.map(({ address }) => address?.socketAddress?.portValue))]]
        }),
    )
    return requestsTo(target, 0, evidence).filter(({ entry: { downstreamLocal }, log }) => {
      const ports = open.get(log.of?.name ?? '')
      const port = Number(/:(\d+)$/.exec(downstreamLocal ?? '')?.[1])
      return ports !== undefined && Number.isFinite(port) && port > 0 && !ports.has(port)
    })
  },
)
