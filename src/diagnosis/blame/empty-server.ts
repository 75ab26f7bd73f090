import { goneObjects } from '../../checks/facts/gone-objects.ts'
import { allGateways, allRoutes } from '../../checks/facts/routes.ts'
import { isConverted } from '../../mesh/conversion.ts'
import { gatewayHost, hostMatches } from '../../mesh/host.ts'
import { refOf } from '../../mesh/objects.ts'
import { carries, gatewayKey, gatewaysOf, serves } from '../../mesh/routing.ts'
import { answerOf } from '../requests/answer.ts'
import type { Trace } from '../follow/trace.ts'
import { value, type Case, type Lead } from './lead.ts'

/** Milliseconds by which what istiod tells of a change may be older than the last connection that was led as before. */
const PUSHED = 3_000

/**
 * A Gateway's server for streams (TLS that passes through, TCP) to which no VirtualService leads: the proxy opens no listener for it. What led to the target until it was
 * deleted, istiod's log names; where it does not, the Gateway is what a person looks at.
 */
export function emptyServer(trace: Trace, one: Case, says: string): Lead[] {
  const {
    evidence,
    target,
    followed: { requests },
  } = one
  const answered = requests.requests.filter((each) => answerOf(each) === 'answered')
  const names = new Set([
    trace.question.host,
    ...requests.requests.flatMap(({ entry: { serverName } }) => (serverName === undefined ? [] : [serverName])),
  ])
  const routes = allRoutes(evidence)
  const empty = allGateways(evidence)
    .filter((gateway) => !isConverted(gateway) && serves(trace.callerPod, gateway))
    .filter((gateway) => !routes.some((vs) => gatewaysOf(vs).includes(gatewayKey(gateway))))
    .flatMap((gateway) =>
      (gateway.spec?.servers ?? [])
        .filter(
          (server) =>
            server.port?.number === trace.question.port &&
            (carries(server, 'tls') || carries(server, 'tcp')) &&
            (server.hosts ?? []).some((entry) => [...names].some((name) => hostMatches(gatewayHost(entry).host, name))),
        )
        .map((server) => ({ gateway, server })),
    )
  const [first] = empty
  if (first === undefined) return []
  const { gateway, server } = first
  const host = [...names].find((name) => name !== trace.question.host) ?? trace.question.host
  const last = Math.max(...answered.map(({ entry: { at } }) => Date.parse(at)))
  const namespaces = new Set([target.namespace, gateway.metadata.namespace])
  const [gone, ...others] = goneObjects(evidence).filter(
    ({ ref, at }) => ref.kind === 'VirtualService' && namespaces.has(ref.namespace) && at > last - PUSHED,
  )
  const name = server.port?.name ?? String(server.port?.number ?? '')
  if (answered.length > 0 && gone !== undefined && others.length === 0)
    return [
      {
        code: 'MESH0131',
        isDeeper: true,
        subject: gone.ref,
        why: `it was deleted: ${answered.length === 1 ? 'a connection' : 'connections'} for ${value(host)} came to ${value(target.ref.name)} through server ${value(name)} of Gateway ${value(gatewayKey(gateway))} until ${new Date(last).toISOString()}, and no VirtualService leads on from there any more: ${says}`,
        remedy: 'Restore the VirtualService that was deleted',
        because: [gone.because],
      },
    ]
  return [
    {
      code: 'MESH0131',
      subject: refOf(gateway),
      why: `no VirtualService leads on from its server ${value(name)} for ${value(host)}: ${says}`,
      remedy: `Bind a VirtualService with a ${carries(server, 'tls') ? 'tls' : 'tcp'} route for that host to it`,
    },
  ]
}
