import { listeningIn } from '../../mesh/listening.ts'
import type { Ref } from '../../mesh/ref.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'
import { stepId } from '../step.ts'

/** Lines read from the end of an application's log: enough to hold its start, when hardly a request reaches it. */
export const APPLICATION_LINES = 1000

/** Reads what an application's log says of where it listens; of the rest nothing is kept. */
export function applicationLog(pod: Ref, container: string): Step<'application-log'> {
  return {
    id: stepId('application-log', pod),
    kind: 'application-log',
    of: pod,
    group: 'workloads',
    title: `log of ${container} in ${pod.name}`,
    source: `kubectl logs -n ${pod.namespace ?? ''} ${pod.name} -c ${container} --tail=${APPLICATION_LINES}`,
    collect: async ({ kubernetes }, signal) =>
      listeningIn(redact(await kubernetes.log(pod, container, APPLICATION_LINES, signal))),
  }
}
