import { refOf, selects } from '../../mesh/objects.ts'
import { containerPort } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import type { Trace } from './trace.ts'

/** The Services in front of a gateway's pod when none of them leads to the port that is asked for, and nothing else does: a request from outside never gets there. */
export function servicesWithoutPort({ caller, callerPod, sent, evidence }: Trace): Ref[] {
  const { metadata, spec: { hostNetwork, containers = [] } = {} } = callerPod
  const isOnNode =
    hostNetwork === true || containers.some(({ ports = [] }) => ports.some(({ hostPort }) => hostPort !== undefined))
  if (caller.kind !== 'ingress' || isOnNode) return []
  const services = evidence
    .objects('services')
    .filter((one) => one.metadata.namespace === metadata.namespace && selects(one.spec?.selector, metadata.labels))
  const leads = services.some(({ spec }) =>
    (spec?.ports ?? []).some(
      ({ port, nodePort, targetPort }) =>
        port === sent.port || nodePort === sent.port || containerPort(callerPod, targetPort ?? port) === sent.port,
    ),
  )
  return leads ? [] : services.map(refOf)
}
