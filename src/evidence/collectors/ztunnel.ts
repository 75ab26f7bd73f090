import type { Ref } from '../../mesh/ref.ts'
import { parseZtunnelConfig } from '../../mesh/ztunnel.ts'
import { parseZtunnelLog } from '../../mesh/ztunnel-log.ts'
import { UnseenError } from '../clients/clients.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'
import { stepId } from '../step.ts'

/** Lines read from the end of a ztunnel's log, which has those of all pods of its node. */
export const ZTUNNEL_LINES = 1000

/** istioctl before 1.24 has the command under `experimental`, with other output. */
const WITHOUT_COMMAND = 'unknown command "ztunnel-config"'

/** Reads what one ztunnel knows: workloads, services and policies of the mesh, certificates and connections of its node. */
export function ztunnelConfig(pod: Ref): Step<'ztunnel-config'> {
  const name = `${pod.name}.${pod.namespace ?? ''}`
  return {
    id: stepId('ztunnel-config', pod),
    kind: 'ztunnel-config',
    of: pod,
    group: 'proxies',
    title: `configuration of ${pod.name}`,
    source: `istioctl ztunnel-config all ${name} -o json`,
    collect: async ({ istioctl }, signal) => {
      try {
        return parseZtunnelConfig(await istioctl.run(['ztunnel-config', 'all', name, '-o', 'json'], signal))
      } catch (error) {
        if (error instanceof UnseenError && error.message.includes(WITHOUT_COMMAND))
          throw new UnseenError(
            'unavailable',
            'this istioctl has no `ztunnel-config`: reading a ztunnel needs istioctl 1.24 or newer',
            { cause: error },
          )
        throw error
      }
    },
  }
}

/** Reads the end of one ztunnel's log. */
export function ztunnelLog(pod: Ref): Step<'ztunnel-log'> {
  return {
    id: stepId('ztunnel-log', pod),
    kind: 'ztunnel-log',
    of: pod,
    group: 'traffic',
    title: `log of ${pod.name}`,
    source: `kubectl logs -n ${pod.namespace ?? ''} ${pod.name} -c istio-proxy --tail=${ZTUNNEL_LINES}`,
    collect: async ({ kubernetes }, signal) =>
      parseZtunnelLog(redact(await kubernetes.log(pod, 'istio-proxy', ZTUNNEL_LINES, signal))),
  }
}

/** A look that there is nothing for: no ztunnel runs on the node, so that nobody can tell what takes the traffic of its pods. */
export function noZtunnel(node: string): Step<'ztunnel-config'> {
  const of: Ref = { kind: 'Node', name: node }
  return {
    id: stepId('ztunnel-config', of),
    kind: 'ztunnel-config',
    of,
    group: 'proxies',
    title: `ztunnel of node ${node}`,
    source: `kubectl get pods -A -l app=ztunnel --field-selector spec.nodeName=${node}`,
    collect: async () => {
      await Promise.resolve()
      throw new UnseenError('unavailable', `no ztunnel runs on node ${node}, so the traffic of its pods cannot be seen`)
    },
  }
}
