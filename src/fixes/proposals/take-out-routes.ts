import { sameMatch } from '../../mesh/http-match.ts'
import type { HttpRoute, VirtualService } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { gatewaysOf } from '../../mesh/routing.ts'
import { deletionOf } from '../drafting/deletion.ts'
import { applyTo } from '../manifest.ts'
import { otherVirtualService } from '../drafting/other-virtual-service.ts'
import type { Write } from '../proposal.ts'
import { defineFix } from '../proposal.ts'
import { matchesOf } from '../drafting/route-order.ts'
import { undoText } from '../drafting/undo-text.ts'
import { inWords } from '../drafting/words.ts'

/** Takes routes out of a VirtualService that match the very requests another one routes to the target; with its last route it goes, too. */
export const takeOutRoutes = defineFix({
  act: 'take-out-routes',
  about: 'removes the routes of another VirtualService that match the same requests first',
  codes: ['MESH0108'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const one = evidence.object('virtual-services', subject.namespace ?? '', subject.name)
    const other = otherVirtualService(finding, evidence)
    if (one === undefined || other === undefined) return []
    const { kept, out } = splitRoutes(one, other)
    const l4 = (other.spec?.tcp ?? []).length + (other.spec?.tls ?? []).length
    if (out.length === 0 || (kept.length > 0 && gatewaysOf(other).includes('mesh'))) return []
    const goes = kept.length === 0 && l4 === 0
    const write: Write = goes ? deletionOf(other) : applyTo(other, { spec: { http: kept } })
    const name = formatRef(refOf(other))
    const routes = inWords(out.map((route) => `${named(route, other)} (${doing(route)})`))
    return [
      {
        act: 'take-out-routes',
        for: code,
        title: goes
          ? `Delete ${other.metadata.name}, which gets the requests of ${subject.name}`
          : `Remove ${inWords(out.map((route) => named(route, other)))} from ${other.metadata.name}`,
        why: `${name} comes before ${formatRef(subject)} and matches the same requests: ${routes}. Two routes for the same requests cannot both be intended.`,
        effect: `Requests for ${String(finding.args.host)} (${inWords([finding.args.matches ?? []].flat().map(String))}) go where ${formatRef(subject)} sends them.`,
        risk: {
          level: 'high',
          says: `Somebody created ${name} to answer these requests: ask them first whether it is still needed.`,
        },
        undo: undoText([write]),
        writes: [write],
      },
    ]
  },
})

/** The other's routes without those, and those matches, that the one has as well. */
function splitRoutes(one: VirtualService, other: VirtualService): { kept: HttpRoute[]; out: HttpRoute[] } {
  const own = (one.spec?.http ?? []).flatMap(matchesOf)
  const [kept, out]: [HttpRoute[], HttpRoute[]] = [[], []]
  for (const route of other.spec?.http ?? []) {
    const stays = matchesOf(route).map(
      (theirs) =>
        !own.some((ours) => ours.gateways === theirs.gateways && sameMatch(ours.conditions, theirs.conditions)),
    )
    if (stays.includes(false)) out.push(route)
    if (stays.every(Boolean)) kept.push(route)
    else if (stays.includes(true))
      kept.push({ ...route, match: (route.match ?? []).filter((_, index) => stays[index] === true) })
  }
  return { kept, out }
}

const named = (route: HttpRoute, { spec }: VirtualService): string =>
  `route ${route.name ?? `#${(spec?.http ?? []).indexOf(route) + 1}`}`

function doing({ directResponse, redirect, route = [], delegate }: HttpRoute): string {
  if (directResponse !== undefined)
    return `answers ${String((directResponse as { status?: number }).status ?? '')} itself`
  if (redirect !== undefined) return 'redirects'
  return delegate !== undefined
    ? `is delegated to ${delegate.name ?? 'another'}`
    : `goes to ${inWords([...new Set(route.map(({ destination }) => destination.host))])}`
}
