import { sameRef, type Ref } from '../mesh/ref.ts'
import type { RunAnswer } from './run-thread.ts'

/** Pods of the proxies that an answer is about, the target's own first; of a diagnosis those whose configuration was read, the gateways' too. */
export function proxiesOf(answer: RunAnswer | undefined): Ref[] {
  if (answer?.kind === 'log-levels') return answer.proxies.map(({ pod }) => pod)
  if (answer?.kind !== 'diagnose') return []
  const { plan, target } = answer.report
  const read = plan.flatMap(({ kind, of, outcome }) =>
    kind === 'clusters' && of !== undefined && outcome === 'seen' ? [of] : [],
  )
  const isOwn = (pod: Ref): boolean => target.pods.some((own) => sameRef(own, pod))
  return [...read.filter(isOwn), ...read.filter((pod) => !isOwn(pod))]
}
