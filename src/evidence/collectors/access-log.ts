import { parseAccessLog } from '../../mesh/access-log.ts'
import { PROXY_CONTAINER } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'
import { stepId } from '../step.ts'

/** Lines read from the end of a proxy's log. */
export const TAIL_LINES = 500

/** Reads the tail of one proxy's access log. */
export function accessLog(pod: Ref): Step<'access-log'> {
  return {
    id: stepId('access-log', pod),
    kind: 'access-log',
    of: pod,
    group: 'traffic',
    title: `access log of ${pod.name}`,
    source: `kubectl logs -n ${pod.namespace ?? ''} ${pod.name} -c ${PROXY_CONTAINER} --tail=${TAIL_LINES}`,
    collect: async ({ kubernetes }, signal) =>
      parseAccessLog(redact(await kubernetes.log(pod, PROXY_CONTAINER, TAIL_LINES, signal))),
  }
}
