import { fromFqdn } from '../../mesh/host.ts'
import { formatRef } from '../../mesh/ref.ts'
import { destinationsOf } from '../../mesh/routing.ts'
import { formatPort, portsOfHost } from '../drafting/destination-ports.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { withDestinations } from '../drafting/route-destinations.ts'
import { undoText } from '../drafting/undo-text.ts'
import { inWords } from '../drafting/words.ts'

/** Names the port of a destination whose host has several. Which one is meant, people choose, unless only one speaks what is routed. */
export const addDestinationPort = defineFix({
  act: 'add-destination-port',
  about: 'names the port of a destination whose host has several',
  codes: ['MESH0114'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const host = textArg(finding, 'host')
    const virtualService = evidence.object('virtual-services', subject.namespace ?? '', subject.name)
    if (virtualService === undefined) return []
    const routed = destinationsOf(virtualService)
      .filter((to) => to.host === host && to.port === undefined)
      .map(({ protocol }) => protocol)
    const ports = portsOfHost(host, evidence)
    const fitting = ports.filter(({ speaks }) => routed.every((protocol) => speaks === protocol))
    const candidates = fitting.length > 0 ? fitting : ports.filter(({ speaks }) => speaks === 'unknown')
    const short = fromFqdn(host)?.name ?? host
    return candidates.flatMap((port): Proposal[] => {
      const spec = withDestinations(virtualService, (to, fqdn) =>
        fqdn === host && to.port?.number === undefined ? { ...to, port: { number: port.number } } : undefined,
      )
      if (spec === undefined) return []
      const write = applyTo(virtualService, { spec })
      return [
        {
          act: 'add-destination-port',
          for: code,
          title: `Name port ${port.number} of ${short}`,
          why: `${formatRef(subject)} names no port of ${short}, which has ${inWords(ports.map(formatPort))}; the proxy then uses the port the request came in on, which may be none of these.`,
          effect: `Requests that ${formatRef(subject)} sends to ${short} go to port ${formatPort(port)}, whichever port they came in on.`,
          risk: {
            level: candidates.length === 1 ? 'low' : 'medium',
            says: 'Callers inside the mesh that use another port of the host today are sent to this one too, when the VirtualService is for them.',
          },
          undo: undoText([write]),
          writes: [write],
          ...(candidates.length > 1 && { choice: `port ${formatPort(port)}` }),
        },
      ]
    })
  },
})
