import type { Clients } from '../../evidence/clients/clients.ts'
import { Evidence } from '../../evidence/evidence.ts'
import { look } from '../../evidence/gather.ts'
import { inContext } from '../../evidence/step.ts'
import type { TargetQuery } from '../../mesh/target-query.ts'
import { completeTarget } from '../complete-target.ts'
import { planNamespace, planObjects } from '../plan.ts'
import { resolveTarget } from '../resolve-target.ts'
import { changesWithin, type ChangeSeen } from './changes-within.ts'

/** What was changed about a target within a time, and which kinds could not be read. Times in milliseconds since the epoch. */
export async function lookForChanges(
  query: TargetQuery,
  clients: Clients,
  { from, to, signal, stepTimeout }: { from: number; to: number; signal: AbortSignal; stepTimeout?: number },
): Promise<{ changes: ChangeSeen[]; unread: string[] }> {
  const options = { signal, ...(stepTimeout !== undefined && { stepTimeout }) }
  const read = (steps: ReturnType<typeof planObjects>) =>
    Promise.all(steps.map((step) => look(inContext(step, clients.context), clients, options)))
  const objects = await read(planObjects(query))
  const target = resolveTarget(query, new Evidence(objects))
  const readings = [...objects, ...(target.namespace === '' ? [] : await read(planNamespace(target.namespace)))]
  const evidence = new Evidence(readings)
  return {
    changes: changesWithin(evidence, completeTarget(target, evidence), from, to),
    unread: [...new Set(readings.flatMap((one) => (one.ok ? [] : [one.kind])))],
  }
}
