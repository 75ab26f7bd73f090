import type { HttpRoute } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import { defineFix } from '../proposal.ts'
import { hiddenIn, insertRoute } from '../drafting/route-order.ts'
import { undoText } from '../drafting/undo-text.ts'

/** Puts a route that is never reached before the wider one that takes its requests. */
export const reorderRoutes = defineFix({
  act: 'reorder-routes',
  about: 'puts a route before the broader one that matches all its requests',
  codes: ['MESH0109'],
  propose(finding, evidence) {
    const { subject, code } = finding
    const virtualService = evidence.object('virtual-services', subject.namespace ?? '', subject.name)
    const routes = virtualService?.spec?.http ?? []
    const [name, before] = [textArg(finding, 'route'), textArg(finding, 'before')]
    const hidden = routes.find((route, index) => nameOf(route, index) === name)
    if (virtualService === undefined || hidden === undefined) return []
    const http = insertRoute(
      routes.filter((route) => route !== hidden),
      hidden,
    )
    if (hiddenIn(http).length >= hiddenIn(routes).length)
      return {
        people: `Routes ${name} and ${before} of ${formatRef(subject)} match the same requests, so in no order can both be reached. Its owner decides which one is intended.`,
      }
    const write = applyTo(virtualService, { spec: { http } })
    return [
      {
        act: 'reorder-routes',
        for: code,
        title: `Put route ${name} of ${subject.name} before route ${before}`,
        why: `The first route that matches is used: ${before} (${textArg(finding, 'taker')}) matches all requests of ${name} (${textArg(finding, 'match')}), which comes after it.`,
        effect: `Requests that match ${name} go where it says; all others stay with ${before}.`,
        risk: {
          level: 'medium',
          says: `Route ${name} has never been used in this order: its destination may be untested.`,
        },
        undo: undoText([write]),
        writes: [write],
      },
    ]
  },
})

/** As the check names routes: by name, or by position from 1. */
const nameOf = ({ name }: HttpRoute, index: number): string => name ?? `#${index + 1}`
