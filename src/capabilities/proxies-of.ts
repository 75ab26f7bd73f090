import { sameRef, type Ref } from '../mesh/ref.ts'
import type { Records } from '../store/records.ts'
import { diagnose, type DiagnoseAnswer } from './diagnose.ts'
import { keptAnswer } from './kept-answer.ts'
import { logLevels, type LogLevelsAnswer } from './log-levels.ts'

/** Pods of the proxies that an answer is about, the target's own first; of a diagnosis those whose configuration was read, the gateways' too. */
export function proxiesOf(answer: DiagnoseAnswer | LogLevelsAnswer): Ref[] {
  if (answer.kind === 'log-levels') return answer.proxies.map(({ pod }) => pod)
  const { plan, target } = answer.report
  const read = plan.flatMap(({ kind, of, outcome }) =>
    kind === 'clusters' && of !== undefined && outcome === 'seen' ? [of] : [],
  )
  const isOwn = (pod: Ref): boolean => target.pods.some((own) => sameRef(own, pod))
  return [...read.filter(isOwn), ...read.filter((pod) => !isOwn(pod))]
}

/** The same of the answer that a run has kept; none of a run that answered something else. */
export async function proxiesOfRun(records: Records, run: string): Promise<Ref[]> {
  const answer = await keptAnswer(records, run, diagnose.answer.or(logLevels.answer))
  return answer === undefined ? [] : proxiesOf(answer)
}
