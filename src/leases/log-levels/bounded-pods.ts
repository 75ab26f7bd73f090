import type { Clients } from '../../evidence/clients/clients.ts'
import { refOf, type Pod } from '../../mesh/objects.ts'
import { defined } from '../../mesh/defined.ts'
import { expectedText, linesPerRequest, withinLimit } from './expected-log.ts'
import { requestsSeen } from './requests-seen.ts'

/**
 * The pods whose levels may be raised without more log than is allowed, and what log is expected of them.
 *
 * @throws LeaseRefusedError where even one is too much
 */
export async function boundedPods(
  pods: readonly Pod[],
  levels: Readonly<Record<string, string>>,
  {
    clients,
    isNamed,
    signal,
  }: { clients: Pick<Clients, 'kubernetes' | 'now' | 'prometheus'>; isNamed: boolean; signal: AbortSignal },
): Promise<{ pods: Pod[]; notes: string[] }> {
  if (linesPerRequest(levels) === 0) return { pods: [...pods], notes: [] }
  const traffic = await Promise.all(
    pods.map(async (pod) => ({
      of: pod,
      pod: pod.metadata.name,
      ...defined({ requestsPerSecond: await requestsSeen({ ...refOf(pod), ip: pod.status?.podIP }, clients, signal) }),
    })),
  )
  const { proxies, note } = withinLimit(levels, traffic, isNamed)
  const expected = expectedText(levels, proxies)
  return {
    pods: proxies.map(({ of }) => of),
    notes: [...(note === undefined ? [] : [note]), ...(expected === undefined ? [] : [expected])],
  }
}
