import { istiodWarnings } from '../../mesh/istiod-log.ts'
import type { Ref } from '../../mesh/ref.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'
import { stepId } from '../step.ts'

/** Lines read from the end of istiod's log, which gets a dozen for each push. */
export const ISTIOD_LINES = 1000

/** Reads the warnings and errors at the end of one istiod's log. */
export function istiodLog(pod: Ref): Step<'istiod-log'> {
  return {
    id: stepId('istiod-log', pod),
    kind: 'istiod-log',
    of: pod,
    group: 'control plane',
    title: `log of ${pod.name}`,
    source: `kubectl logs -n ${pod.namespace ?? ''} ${pod.name} -c discovery --tail=${ISTIOD_LINES}`,
    collect: async ({ kubernetes }, signal) =>
      istiodWarnings(redact(await kubernetes.log(pod, 'discovery', ISTIOD_LINES, signal))),
  }
}
