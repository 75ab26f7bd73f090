import type { Evidence } from '../../evidence/evidence.ts'
import type { Seen } from '../../evidence/reading.ts'
import type { AccessLogLine } from '../../mesh/access-log.ts'
import { since } from '../../mesh/access-log.ts'
import type { Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import type { Proof } from '../check.ts'
import { proof } from '../check.ts'
import { quoteLine } from './traffic-of.ts'

/** Connections that one pod's sidecar closed, for no filter chain of its listener took them. */
export interface Refused {
  pod: Pod
  log: Seen<'access-log'>
  lines: [AccessLogLine, ...AccessLogLine[]]
  proof: Proof
}

/** True for a connection that no filter chain took: the sidecar logs it without a request, for it never came to one. */
export const tookNoChain = ({ flags, details }: AccessLogLine): boolean =>
  flags.includes('NR') && details === 'filter_chain_not_found'

/** What the pods' own sidecars closed after a moment, of lines that satisfy a condition; a pod without any is left out. */
export function connectionsRefused(
  pods: readonly Pod[],
  moment: number,
  evidence: Evidence,
  wanted: (line: AccessLogLine) => boolean = () => true,
): Refused[] {
  return [...new Set(pods)].flatMap((pod) => {
    const log = evidence.seenOf('access-log', refOf(pod))
    const [first, ...others] = since(log?.value.lines ?? [], moment).filter((line) => tookNoChain(line) && wanted(line))
    if (log === undefined || first === undefined) return []
    const lines: Refused['lines'] = [first, ...others]
    const last = others.at(-1) ?? first
    return [
      {
        pod,
        log,
        lines,
        proof: proof(
          log,
          `the sidecar of ${pod.metadata.name} closed ${lines.length} connections since the last change`,
          `${quoteLine(last)} from ${last.downstreamRemote ?? '?'} to ${last.downstreamLocal ?? '?'}`,
        ),
      },
    ]
  })
}

/** The addresses of those whose connections or requests the pods' own sidecars turned away after a moment: no filter chain took them, or a policy denied them. */
export function callersTurnedAway(pods: readonly Pod[], moment: number, evidence: Evidence): string[] {
  const turnedAway = (line: AccessLogLine): boolean =>
    tookNoChain(line) || /^(?:rbac_access_denied|jwt_authn_access_denied)/.test(line.details ?? '')
  return pods.flatMap((pod) =>
    since(evidence.seenOf('access-log', refOf(pod))?.value.lines ?? [], moment)
      .filter(turnedAway)
      .flatMap(({ downstreamRemote }) => downstreamRemote ?? []),
  )
}
