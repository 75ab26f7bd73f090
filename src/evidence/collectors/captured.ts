import type { CapturedPackets } from '../../capture/captured.ts'
import { stepId, type Step } from '../step.ts'

/** What an earlier capture has shown: it is kept, and read as it is. */
export function captured(capture: CapturedPackets): Step<'capture'> {
  const { pod, plan, begins = 'no packet' } = capture
  const of = { kind: 'Pod', ...pod }
  return {
    id: stepId('capture', `${pod.namespace}/${pod.name} ${begins}`),
    kind: 'capture',
    of,
    group: 'traffic',
    title: `packets of ${pod.name}, captured ${begins === 'no packet' ? 'earlier' : `at ${begins.slice(11, 19)} UTC`}`,
    source: `mesh-medic capture pod/${pod.name} -n ${pod.namespace} (${plan})`,
    collect: () => Promise.resolve(capture),
  }
}
