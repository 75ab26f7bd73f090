import { routeObjects } from '../../checks/facts/routes.ts'
import { GATEWAY_API_VERSION } from '../../mesh/conversion.ts'
import type { Listener } from '../../mesh/gateway-api.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { listArg, textArg } from '../drafting/finding-args.ts'
import { undoText } from '../drafting/undo-text.ts'
import { applyTo } from '../manifest.ts'
import type { Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'

/** Lets a listener of a Gateway of the Gateway API take a route: its namespace or, by a listener beside it, its hostname. */
export const openListener = defineFix({
  act: 'open-listener',
  about: "allows a route's namespace on a listener of the Gateway, or adds a listener for its hostname",
  codes: ['MESH0121'],
  propose(finding, evidence) {
    const [named, name] = [textArg(finding, 'gateway'), textArg(finding, 'listener')]
    const gateway = evidence.objects('gateway-api-gateways').find((one) => formatRef(refOf(one)) === named)
    const route = routeObjects(evidence).find((one) => formatRef(refOf(one)) === textArg(finding, 'route'))
    const listeners = gateway?.spec?.listeners ?? []
    const listener = listeners.find((one) => one.name === name)
    if (gateway === undefined || route === undefined || listener === undefined) return []
    const from = route.metadata.namespace ?? ''
    const about = formatRef(refOf(route))
    // Listeners are told apart by their names: those that the list leaves out stay as they are.
    const proposal = (changed: Partial<Listener>, title: string, effect: string, says: string): Proposal => {
      const write = applyTo(gateway, { apiVersion: GATEWAY_API_VERSION, spec: { listeners: [changed] } })
      return {
        act: 'open-listener',
        for: finding.code,
        title,
        why: `${about} names ${named} as its parent, and no listener there accepts it.`,
        effect,
        risk: { level: 'medium', says },
        undo: undoText([write]),
        writes: [write],
      }
    }
    if (textArg(finding, 'closed') === 'namespace') {
      const only = {
        from: 'Selector',
        selector: {
          matchExpressions: [
            {
              key: 'kubernetes.io/metadata.name',
              operator: 'In',
              values: [...new Set([gateway.metadata.namespace ?? '', from])],
            },
          ],
        },
      }
      // What a selector takes now is its owner's to widen: labels may stand for more than names.
      if (listener.allowedRoutes?.namespaces?.from === 'Selector')
        return {
          people: `Whoever owns ${named} decides whether routes of namespace ${from} may use listener ${name}: its selector requires labels that the namespace does not have.`,
        }
      return [
        proposal(
          { name, allowedRoutes: { namespaces: only } },
          `Allow routes of namespace ${from} on listener ${name}`,
          `${about} takes effect at ${named}.`,
          `Every route of namespace ${from} can then receive requests at listener ${name}.`,
        ),
      ]
    }
    const hosts = listArg(finding, 'hosts').filter((host) => host !== '*')
    const [host] = hosts
    if (host === undefined || hosts.length > 1 || listener.tls !== undefined) return []
    const label = host.replace(/^\*\./, 'any-').replaceAll('.', '-')
    return [
      proposal(
        { ...listener, name: `${name}-${label}`.slice(0, 63), hostname: host },
        `Add a listener for ${host} to ${gateway.metadata.name}`,
        `The Gateway accepts requests for ${host} at port ${listener.port}, and ${about} takes effect.`,
        `${host} can be reached from wherever that Gateway can.`,
      ),
    ]
  },
})
