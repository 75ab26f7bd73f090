import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { fromFqdn, nearestHosts } from '../../mesh/host.ts'
import type { Destination, VirtualService } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { registryOf } from '../../checks/facts/registry.ts'
import { definesSubset, isExportedTo, rulesForCaller } from '../../mesh/destination-rules.ts'
import { callersOf } from '../drafting/callers.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { withDestinations } from '../drafting/route-destinations.ts'
import { undoText } from '../drafting/undo-text.ts'
import { defined } from '../../mesh/defined.ts'

/** Routes to the host that is meant where none has the name that was typed: the nearest of the registry. */
export const correctHost = defineFix({
  act: 'correct-host',
  about: 'routes to the registered host whose name is nearest to the one that was typed',
  codes: ['MESH0103'],
  propose(finding, evidence, target) {
    const { subject, code } = finding
    const typed = textArg(finding, 'host')
    const registry = registryOf(evidence)
    const virtualService = evidence.object('virtual-services', subject.namespace ?? '', subject.name)
    if (virtualService === undefined) return []
    const callers = callersOf(finding, target)
    const open = (host: string): boolean =>
      registry
        .of(host)
        .some(({ exportTo, object }) =>
          callers.every((caller) => isExportedTo(exportTo, object.metadata.namespace ?? '', caller)),
        )
    const near = nearestHosts(
      typed,
      registry.hosts.filter((host) => !host.startsWith('*') && open(host)),
    )
    if (near.length === 0)
      return {
        people: `No Service or ServiceEntry has a name near ${typed}. Whoever owns ${formatRef(subject)} decides: deploy it, register it with a ServiceEntry, or remove the route.`,
      }
    return near.flatMap((host): Proposal[] => {
      const rules = callers.flatMap((caller) =>
        rulesForCaller(evidence.objects('destination-rules'), host, caller, rootNamespaceOf(evidence)),
      )
      const ports = registry.of(host).flatMap((one) => one.ports)
      const spec = withDestinations(virtualService, (to, fqdn) =>
        fqdn === typed
          ? corrected(to, {
              host,
              virtualService,
              ports,
              hasSubset: (subset) => rules.some((rule) => definesSubset(rule, subset)),
            })
          : undefined,
      )
      if (spec === undefined) return []
      const write = applyTo(virtualService, { spec })
      const [registered] = registry.of(host)
      return [
        {
          act: 'correct-host',
          for: code,
          title: `Route to ${fromFqdn(host)?.name ?? host} instead of ${fromFqdn(typed)?.name ?? typed}`,
          why: `Nothing has the host ${typed} that ${formatRef(subject)} routes to; ${registered === undefined ? host : formatRef(refOf(registered.object))} has ${host}, the ${near.length === 1 ? 'only' : host === near[0] ? 'nearest' : 'next'} name like it.`,
          effect: `Requests that ${formatRef(subject)} sends to ${typed} go to ${host}.`,
          risk: {
            level: near.length === 1 ? 'low' : 'medium',
            says: `Only requests that fail today are affected; ${fromFqdn(host)?.name ?? host} gets them in addition to its own.`,
          },
          undo: undoText([write]),
          writes: [write],
          ...(near.length > 1 && { choice: host }),
        },
      ]
    })
  },
})

interface Correction {
  host: string
  virtualService: VirtualService
  ports: readonly number[]
  hasSubset: (subset: string) => boolean
}

/** A name without dots stays one where it means the same; a port is corrected with it when the host has only one; a subset the host lacks is left out. */
function corrected(
  { subset, ...to }: Destination,
  { host, virtualService, ports, hasSubset }: Correction,
): Destination {
  const service = fromFqdn(host)
  const isShort = !to.host.includes('.') && service?.namespace === virtualService.metadata.namespace
  const [only, ...others] = ports
  const port = to.port?.number !== undefined && only !== undefined && others.length === 0 ? { number: only } : to.port
  return {
    ...to,
    host: isShort && service !== undefined ? service.name : host,
    ...(subset !== undefined && hasSubset(subset) && { subset }),
    ...defined({ port }),
  }
}
