import type { HttpRoute } from '../../mesh/objects.ts'
import { listArg, textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import { defineFix } from '../proposal.ts'

/** Takes the injected fault out of the route that has it; the test it was for ends with that. */
export const removeFault = defineFix({
  act: 'remove-fault',
  about: 'removes an injected fault from a route',
  codes: ['MESH0406'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const named = textArg(finding, 'route')
    const virtualService = evidence.object('virtual-services', subject.namespace ?? '', subject.name)
    const routes = virtualService?.spec?.http ?? []
    const isMeant = (route: HttpRoute, index: number): boolean =>
      route.fault !== undefined && (route.name ?? `#${index + 1}`) === named
    if (virtualService === undefined || !routes.some(isMeant)) return []
    const faults = listArg(finding, 'faults').join(' and ')
    return [
      {
        act: 'remove-fault',
        for: code,
        title: `Remove the fault from route ${named} of ${subject.name}`,
        why: `Route ${named} ${faults} on purpose, as for a test; without the fault it only routes.`,
        effect: `Requests on route ${named} of ${subject.name} are no longer affected; its matches, destinations and all other routes stay as they are.`,
        risk: { level: 'low', says: 'If somebody is testing how callers handle the fault, the test ends.' },
        undo: `Restores the fault in route ${named}.`,
        writes: [
          applyTo(virtualService, {
            spec: { http: routes.map((route, index) => (isMeant(route, index) ? withoutFault(route) : route)) },
          }),
        ],
      },
    ]
  },
})

function withoutFault(route: HttpRoute): HttpRoute {
  const { fault: _, ...rest } = route
  return rest
}
