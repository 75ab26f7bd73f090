import { istiodPushes as pushesIn } from '../../mesh/istiod-log.ts'
import type { Ref } from '../../mesh/ref.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'
import { stepId } from '../step.ts'

/** Lines read from the end of istiod's log: a push has some for each proxy. */
const LINES = 5000

/** Reads what one istiod told its proxies of lately, which names objects that are there no more. */
export function istiodPushes(pod: Ref): Step<'istiod-pushes'> {
  return {
    id: stepId('istiod-pushes', pod),
    kind: 'istiod-pushes',
    of: pod,
    group: 'control plane',
    title: `pushes of ${pod.name}`,
    source: `kubectl logs -n ${pod.namespace ?? ''} ${pod.name} -c discovery --tail=${LINES} | grep 'for config'`,
    collect: async ({ kubernetes }, signal) => pushesIn(redact(await kubernetes.log(pod, 'discovery', LINES, signal))),
  }
}
