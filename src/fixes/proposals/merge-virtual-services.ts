import type { HttpRoute, VirtualService } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { gatewaysOf, hostsOf } from '../../mesh/routing.ts'
import { deletionOf } from '../drafting/deletion.ts'
import { otherVirtualService } from '../drafting/other-virtual-service.ts'
import { applyTo } from '../manifest.ts'
import type { Write } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { hiddenIn, insertRoute } from '../drafting/route-order.ts'
import { undoText } from '../drafting/undo-text.ts'
import { counted } from '../drafting/words.ts'

/** Puts the routes of two VirtualServices for one host into one, the more specific before the wider, and deletes the other. */
export const mergeVirtualServices = defineFix({
  act: 'merge-virtual-services',
  about: 'merges the routes of two VirtualServices for one host into one, the more specific first',
  codes: ['MESH0108'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const one = evidence.object('virtual-services', subject.namespace ?? '', subject.name)
    const other = otherVirtualService(finding, evidence)
    if (one === undefined || other === undefined) return []
    const difference = differs(one, other)
    const names = `${formatRef(subject)} and ${formatRef(refOf(other))}`
    if (difference !== undefined)
      return {
        people: `${names} are for one host, and ${difference}, so they cannot simply be merged. Their owners decide which of them routes what.`,
      }
    const routes = merged(one, other)
    // As narrow as each other: which one is to win, no order tells. See take-out-routes.
    if (routes === undefined) return []
    const writes: [Write, Write] = [applyTo(other, { spec: { http: routes } }), deletionOf(one)]
    const moved = one.spec?.http?.length ?? 0
    return [
      {
        act: 'merge-virtual-services',
        for: code,
        title: `Merge ${subject.name} into ${other.metadata.name}`,
        why: `${names} are for one host on the same gateways, and ${formatRef(refOf(other))}, which comes first, gets the requests of the other. In one VirtualService the more specific routes can come first.`,
        effect: `${formatRef(refOf(other))} gets the ${counted(moved, 'route')} of ${formatRef(subject)}, each before the broader ones; ${formatRef(subject)} is deleted.`,
        risk: {
          level: 'high',
          says: `Requests that ${formatRef(refOf(other))} gets today and ${formatRef(subject)} matches more specifically go where the latter says; between the two writes both have these routes.`,
        },
        undo: undoText(writes),
        writes,
      },
    ]
  },
})

/** What keeps two VirtualServices from being one, in words. */
function differs(one: VirtualService, other: VirtualService): string | undefined {
  const same = (read: (of: VirtualService) => readonly string[]): boolean =>
    JSON.stringify([...read(one)].sort()) === JSON.stringify([...read(other)].sort())
  if (one.metadata.namespace !== other.metadata.namespace) return 'they are in different namespaces'
  if (!same(hostsOf)) return 'each has hosts of its own'
  if (!same(gatewaysOf)) return 'each has gateways of its own'
  if (!same(({ spec }) => spec?.exportTo ?? [])) return 'they are exported to different namespaces'
  return [one, other].some(({ spec }) => (spec?.tcp ?? []).length + (spec?.tls ?? []).length > 0)
    ? 'there are routes of TCP or TLS among them'
    : undefined
}

/** All routes in one order; undefined when some would hide another for good. */
function merged(one: VirtualService, other: VirtualService): HttpRoute[] | undefined {
  const routes = (one.spec?.http ?? []).reduce<HttpRoute[]>(
    (all, route) => insertRoute(all, route),
    other.spec?.http ?? [],
  )
  const before = hiddenIn(one.spec?.http ?? []).length + hiddenIn(other.spec?.http ?? []).length
  return hiddenIn(routes).length > before ? undefined : routes
}
