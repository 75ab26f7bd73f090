import { hostMatches, gatewayHost } from '../../mesh/host.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { Gateway, GatewayServer, VirtualService } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { carries, gatewayKey, protocolsOf } from '../../mesh/routing.ts'
import { listArg, textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { undoText } from '../drafting/undo-text.ts'
import { inWords } from '../drafting/words.ts'

/** Opens a Gateway's server for hosts of a VirtualService that is bound to it. */
export const addGatewayHost = defineFix({
  act: 'add-gateway-host',
  about: 'opens a server of the Gateway for hosts of a VirtualService that is bound to it',
  codes: ['MESH0105'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const key = textArg(finding, 'gateway')
    const gateway = evidence.objects('gateways').find((one) => gatewayKey(one) === key)
    const virtualService = evidence.object('virtual-services', subject.namespace ?? '', subject.name)
    if (virtualService === undefined || gateway === undefined) return []
    const hosts = listArg(finding, 'hosts')
    const servers = gateway.spec?.servers ?? []
    const candidates = servers.filter((server) =>
      protocolsOf(virtualService).some((protocol) => carries(server, protocol)),
    )
    const ref = formatRef(refOf(gateway))
    if (candidates.length === 0)
      return {
        people: `${ref} has no server that could carry the routes of ${formatRef(subject)}. Whoever owns the Gateway decides whether to add one.`,
      }
    return candidates.map((server): Proposal => {
      const write = applyTo(gateway, {
        spec: {
          servers: servers.map((one) =>
            one === server
              ? { ...one, hosts: [...(one.hosts ?? []), ...entriesFor(hosts, one, gateway, virtualService)] }
              : one,
          ),
        },
      })
      const port = `${server.port?.protocol ?? 'HTTP'} ${server.port?.number ?? ''}`.trim()
      const like = (server.hosts ?? [])
        .map((entry) => gatewayHost(entry).host)
        .filter((taken) => hosts.some((host) => mayBeSlip(taken, host)))
      return {
        act: 'add-gateway-host',
        for: code,
        title: `Open ${gateway.metadata.name} for ${inWords(hosts)}`,
        why: `${formatRef(subject)} is bound to ${ref} and is for ${inWords(hosts)}; its server on ${port} accepts only ${inWords(server.hosts ?? [])}.${like.length > 0 ? ` ${like[0] ?? ''} may be a typo of it: if so, edit this change.` : ''}`,
        effect: `The gateway's server on ${port} accepts requests for ${inWords(hosts)} too, and sends them where ${formatRef(subject)} says.`,
        risk: {
          level: 'medium',
          says: `${inWords(hosts)} can be reached from wherever that gateway can${server.tls?.credentialName === undefined ? '' : `; the certificate in ${server.tls.credentialName} must cover it too`}.`,
        },
        undo: undoText([write]),
        writes: [write],
        ...(candidates.length > 1 && { choice: `server ${port}` }),
      }
    })
  },
})

/** True for names of one domain whose first parts are alike. */
function mayBeSlip(taken: string, host: string): boolean {
  const [[a = '', ...domain], [b = '', ...other]] = [taken.split('.'), host.split('.')]
  return domain.join('.') === other.join('.') && nearestNames(b, [a]).length > 0
}

/** Hosts as the server would have to list them; one it takes already, though from another namespace only, gets that namespace. */
function entriesFor(
  hosts: readonly string[],
  server: GatewayServer,
  gateway: Gateway,
  { metadata: { namespace = '' } }: VirtualService,
): string[] {
  const scoped = (server.hosts ?? []).some((entry) => entry.includes('/')) || namespace !== gateway.metadata.namespace
  const closed = (host: string): boolean =>
    (server.hosts ?? []).some((entry) => hostMatches(gatewayHost(entry).host, host))
  return hosts.map((host) => (scoped || closed(host) ? `${namespace}/${host}` : host))
}
