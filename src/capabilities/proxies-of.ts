import type { Clients } from '../evidence/clients/clients.ts'
import type { GatherOptions } from '../evidence/gather.ts'
import { findProxies } from '../leases/find-proxies.ts'
import { refOf } from '../mesh/objects.ts'
import { sameRef, type Ref } from '../mesh/ref.ts'
import { parseTarget } from '../mesh/target-query.ts'
import type { Records } from '../store/records.ts'
import type { RunRecord } from '../store/runs.ts'
import { diagnose, type DiagnoseAnswer } from './diagnose.ts'
import { keptAnswer } from './kept-answer.ts'
import { logLevels, type LogLevelsAnswer } from './log-levels.ts'

/**
 * The proxies whose log levels can be raised after a run: the target's own as `/mesh log-level` shows them, then those of gateways that the run has read.
 * @throws what findProxies throws
 */
export async function raisableProxies(
  { records, clients }: { records: Records; clients: Clients },
  { id, request: { text, namespace } }: RunRecord,
  options: GatherOptions,
): Promise<Ref[]> {
  const { pods, others } = await findProxies(parseTarget(text, namespace), clients, {
    ...options,
    beside: await proxiesOfRun(records, id),
  })
  return [...pods, ...others].map(refOf)
}

/** Pods of the proxies that an answer is about, the target's own first; of a diagnosis those whose configuration was read, the gateways' too. */
function proxiesOf(answer: DiagnoseAnswer | LogLevelsAnswer): Ref[] {
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
