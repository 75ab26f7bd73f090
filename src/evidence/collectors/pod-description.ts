import type { Ref } from '../../mesh/ref.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'
import { stepId } from '../step.ts'

/** Istio's own description of one pod: services, rules and policies that apply to it. Text only; istioctl has no other form. */
export function podDescription(pod: Ref): Step<'pod-description'> {
  const name = `${pod.name}.${pod.namespace ?? ''}`
  return {
    id: stepId('pod-description', pod),
    kind: 'pod-description',
    of: pod,
    group: 'workloads',
    title: `description of ${pod.name}`,
    source: `istioctl experimental describe pod ${name}`,
    collect: async ({ istioctl }, signal) =>
      redact(await istioctl.run(['experimental', 'describe', 'pod', name], signal)),
  }
}
