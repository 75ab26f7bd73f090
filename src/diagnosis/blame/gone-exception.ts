import { tookNoChain } from '../../checks/facts/connections-refused.ts'
import { goneWith } from '../../checks/facts/gone-objects.ts'
import { podsOf } from '../../checks/facts/owners.ts'
import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { ipOf, portOf } from '../../mesh/address.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'
import { mtlsInForce, policiesOfPod } from '../../mesh/mutual-tls.ts'
import type { Pod } from '../../mesh/objects.ts'
import { latestChange, refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { defined } from '../../mesh/defined.ts'
import type { Case, Lead } from './lead.ts'
import { value } from './lead.ts'

/** Connections in plain text that tell that they were taken, and that they are no more. */
const ENOUGH = 3
/** Milliseconds in which a changed policy comes to a proxy. */
const PUSHED = 20_000

/**
 * Where a caller in plain text was answered since the last change of any PeerAuthentication that acts on the pod, over connections made since, and is turned away now: an
 * exception was deleted. The caller is what it was before.
 *
 * @param port of the pod
 */
export function exceptionGone(callerPod: Pod, pod: Pod, port: number, { evidence, target }: Case): Lead[] {
  const address = callerPod.status?.podIP
  if (address === undefined) return []
  const root = rootNamespaceOf(evidence)
  const policies = evidence.objects('peer-authentications')
  const changed = latestChange(policiesOfPod(pod, policies, root).flat())
  // Which pod of several takes a connection is chance.
  const lines = [...new Set([pod, ...podsOf(target, evidence)])]
    .flatMap((one) => evidence.seenOf('access-log', refOf(one))?.value.lines ?? [])
    .filter(
      ({ downstreamRemote, downstreamLocal, serverName }) =>
        ipOf(downstreamRemote) === address && portOf(downstreamLocal) === port && serverName === undefined,
    )
    .toSorted((a, b) => a.at.localeCompare(b.at))
  const at = (line: AccessLogLine): number => Date.parse(line.at)
  const outcomes = lines.map((line) => ({ at: at(line), isAnswered: !tookNoChain(line) }))
  const gone = goneWith(
    outcomes,
    changed,
    evidence,
    ({ kind, namespace }) => kind === 'PeerAuthentication' && [pod.metadata.namespace, root].includes(namespace),
  )
  const begun = new Map<string | undefined, number>()
  for (const line of lines)
    begun.set(line.downstreamRemote, Math.min(at(line), begun.get(line.downstreamRemote) ?? Infinity))
  const taken = lines.filter(
    (line) =>
      !tookNoChain(line) && (begun.get(line.downstreamRemote) ?? 0) > (gone === undefined ? changed + PUSHED : 0),
  )
  const connections = new Set(taken.map(({ downstreamRemote }) => downstreamRemote)).size
  const answered = Math.max(0, ...taken.map(at))
  const refused = lines.filter((line) => tookNoChain(line) && at(line) > answered)
  if (gone === undefined && (connections < ENOUGH || refused.length < ENOUGH)) return []
  const { mode, policy } = mtlsInForce(pod, port, policies, root)
  const until = new Date(answered).toISOString()
  const left = policy === undefined ? '' : `, as ${formatRef(refOf(policy))} says, which was not changed`
  return [
    {
      code: 'MESH0531',
      isDeeper: true,
      subject: gone?.ref ?? target.ref,
      why: `${gone === undefined ? 'a PeerAuthentication that accepted plain text is gone' : 'it was deleted, and accepted plain text'}: port ${value(port)} of ${value(pod.metadata.name)} accepted plain text of ${value(callerPod.metadata.name)} until ${until}, and is ${value(mode)} since${left}`,
      remedy: 'Restore the PeerAuthentication that was deleted, or give the caller a sidecar',
      ...defined({ because: gone === undefined ? undefined : [gone.because] }),
    },
  ]
}
