import { fromFqdn } from '../../mesh/host.ts'
import { formatRef } from '../../mesh/ref.ts'
import { formatPort, portsOfHost } from '../drafting/destination-ports.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { withDestinations } from '../drafting/route-destinations.ts'
import { undoText } from '../drafting/undo-text.ts'
import { inWords } from '../drafting/words.ts'

/** Routes to a port that the host has; the one that leads to the port that was typed (a container's) is the one that is meant. */
export const correctPort = defineFix({
  act: 'correct-port',
  about: "routes to the Service's port instead of one it does not have",
  codes: ['MESH0104'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const [host, typed] = [textArg(finding, 'host'), Number(finding.args.port)]
    const virtualService = evidence.object('virtual-services', subject.namespace ?? '', subject.name)
    if (virtualService === undefined) return []
    const ports = portsOfHost(host, evidence)
    const behind = ports.filter(({ targetPort }) => targetPort === typed)
    const candidates = behind.length === 1 ? behind : ports
    const short = fromFqdn(host)?.name ?? host
    return candidates.flatMap((port): Proposal[] => {
      const spec = withDestinations(virtualService, (to, fqdn) =>
        fqdn === host && to.port?.number === typed ? { ...to, port: { number: port.number } } : undefined,
      )
      if (spec === undefined) return []
      const write = applyTo(virtualService, { spec })
      const reason =
        port.targetPort === typed
          ? `${typed} is the container's port, behind port ${formatPort(port)} of the Service`
          : ports.length === 1
            ? `its only port is ${formatPort(port)}`
            : `it has ${inWords(ports.map(formatPort))}`
      return [
        {
          act: 'correct-port',
          for: code,
          title: `Route to port ${port.number} of ${short} instead of ${typed}`,
          why: `${formatRef(subject)} routes to port ${typed} of ${short}, which it does not have: ${reason}.`,
          effect: `Requests that ${formatRef(subject)} sends to ${short}:${typed} go to ${short}:${port.number}.`,
          risk: {
            level: candidates.length === 1 ? 'low' : 'medium',
            says: 'Only requests that fail today are affected.',
          },
          undo: undoText([write]),
          writes: [write],
          ...(candidates.length > 1 && { choice: `port ${formatPort(port)}` }),
        },
      ]
    })
  },
})
