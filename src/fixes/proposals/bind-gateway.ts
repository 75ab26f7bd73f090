import type { Evidence } from '../../evidence/evidence.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { Gateway, VirtualService } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import {
  carries,
  gatewayKey,
  gatewaysOf,
  hostsOf,
  podsOfGateway,
  protocolsOf,
  serversTaking,
} from '../../mesh/routing.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { undoText } from '../drafting/undo-text.ts'
import { inWords } from '../drafting/words.ts'

/** Binds a VirtualService to the Gateway that takes its hosts: in place of one that does not exist or does not, or beside the sidecars. */
export const bindGateway = defineFix({
  act: 'bind-gateway',
  about: 'binds a VirtualService to a Gateway that exists and accepts its hosts',
  codes: ['MESH0105', 'MESH0106', 'MESH0116'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const key = textArg(finding, 'gateway')
    const virtualService = evidence.object('virtual-services', subject.namespace ?? '', subject.name)
    if (virtualService === undefined) return []
    const gateways =
      code === 'MESH0116'
        ? evidence.objects('gateways').filter((one) => gatewayKey(one) === key)
        : takers(virtualService, key, evidence)
    if (gateways.length === 0)
      return code === 'MESH0106'
        ? {
            people: `No Gateway accepts ${inWords(hostsOf(virtualService))}. Whoever owns the mesh's gateways decides whether and where to open that host.`,
          }
        : []
    return gateways.map((gateway): Proposal => {
      const name = asNamed(gateway, virtualService)
      const named = virtualService.spec?.gateways ?? []
      const kept =
        code === 'MESH0116'
          ? named.length === 0
            ? ['mesh']
            : named
          : named.filter((one) => keyOf(one, virtualService) !== key)
      const write = applyTo(virtualService, { spec: { gateways: [...kept, name] } })
      const ref = formatRef(refOf(gateway))
      const reason =
        code === 'MESH0116'
          ? `${formatRef(subject)} applies to sidecars only`
          : code === 'MESH0106'
            ? `${formatRef(subject)} is bound to Gateway ${key}, which does not exist`
            : `Gateway ${key} does not accept ${textArg(finding, 'hosts')}`
      return {
        act: 'bind-gateway',
        for: code,
        title: `Bind ${subject.name} to Gateway ${name}`,
        why: `${reason}; ${ref} has a server that accepts ${inWords(taken(gateway, virtualService))}.`,
        effect: `The proxies of ${ref} get the routes of ${formatRef(subject)}${kept.includes('mesh') ? '; the sidecars keep them' : ''}.`,
        risk: {
          level: 'medium',
          says: `Requests for ${inWords(hostsOf(virtualService))} that reach that gateway from outside go where ${formatRef(subject)} sends them.`,
        },
        undo: undoText([write]),
        writes: [write],
        ...(gateways.length > 1 && { choice: `Gateway ${gatewayKey(gateway)}` }),
      }
    })
  },
})

/** Gateways with a server for every host and the routes of the VirtualService, and pods to serve it; of like names first. */
function takers(virtualService: VirtualService, key: string, evidence: Evidence): Gateway[] {
  const bound = gatewaysOf(virtualService)
  const all = evidence
    .objects('gateways')
    .filter(
      (one) =>
        !bound.includes(gatewayKey(one)) &&
        taken(one, virtualService).length === hostsOf(virtualService).length &&
        podsOfGateway(one, evidence.objects('pods')).length > 0,
    )
  const near = nearestNames(key, all.map(gatewayKey))
  return near.length > 0 ? near.flatMap((name) => all.filter((one) => gatewayKey(one) === name)) : all
}

/** The VirtualService's hosts that a server of the Gateway takes and has routes for. */
function taken(gateway: Gateway, virtualService: VirtualService): string[] {
  const routes = protocolsOf(virtualService)
  return hostsOf(virtualService).filter((host) =>
    serversTaking(gateway, virtualService, host).some((server) => routes.some((protocol) => carries(server, protocol))),
  )
}

const keyOf = (name: string, { metadata: { namespace = '' } }: VirtualService): string =>
  name === 'mesh' || name.includes('/') ? name : `${namespace}/${name}`

const asNamed = (gateway: Gateway, { metadata: { namespace } }: VirtualService): string =>
  gateway.metadata.namespace === namespace ? gateway.metadata.name : gatewayKey(gateway)
