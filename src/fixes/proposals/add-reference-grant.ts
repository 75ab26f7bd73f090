import { ROUTE_KINDS } from '../../mesh/gateway-api.ts'
import { routeObjects } from '../../checks/facts/routes.ts'
import { refOf } from '../../mesh/objects.ts'
import { formatRef, sameRef } from '../../mesh/ref.ts'
import { textArg } from '../drafting/finding-args.ts'
import { undoText } from '../drafting/undo-text.ts'
import { create } from '../manifest.ts'
import { defineFix } from '../proposal.ts'

/** Allows routes of a namespace to refer to one Service of another. */
export const addReferenceGrant = defineFix({
  act: 'add-reference-grant',
  about: 'adds a ReferenceGrant that allows routes of a namespace to refer to a Service of another',
  codes: ['MESH0122'],
  propose(finding, evidence) {
    const [namespace, service] = [textArg(finding, 'namespace'), textArg(finding, 'service')]
    const route = routeObjects(evidence).find((one) => formatRef(refOf(one)) === textArg(finding, 'route'))
    const kind = route?.kind ?? ''
    const from = route?.metadata.namespace ?? ''
    if (route === undefined || ROUTE_KINDS[kind] === undefined) return []
    // An existing grant was meant for it: whoever owns that decides which of the two is wrong.
    if (!sameRef(finding.subject, refOf(route)))
      return {
        people: `Whoever owns ${formatRef(finding.subject)} decides whether it should allow ${kind}s of namespace ${from} to use Service ${service}.`,
      }
    if (evidence.object('services', namespace, service) === undefined) return []
    const name = `${kind.toLowerCase()}s-of-${from}-to-${service}`.slice(0, 253)
    if (evidence.object('reference-grants', namespace, name) !== undefined) return []
    const write = create(
      { kind: 'ReferenceGrant', namespace, name },
      {
        spec: {
          from: [{ group: 'gateway.networking.k8s.io', kind, namespace: from }],
          to: [{ group: '', kind: 'Service', name: service }],
        },
      },
    )
    return [
      {
        act: 'add-reference-grant',
        for: finding.code,
        title: `Allow ${kind}s of ${from} to send to ${service}`,
        why: `${formatRef(refOf(route))} refers to Service ${namespace}/${service}, and a reference into another namespace needs a ReferenceGrant there.`,
        effect: `Requests that ${formatRef(refOf(route))} sends to ${service} reach it instead of being answered 500.`,
        risk: {
          level: 'medium',
          says: `Every ${kind} of namespace ${from} can then send requests to Service ${service}.`,
        },
        undo: undoText([write]),
        writes: [write],
      },
    ]
  },
})
