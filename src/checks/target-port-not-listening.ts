import { defineCheck } from './check.ts'
import { byOwner, ownerOf, podScope } from './facts/owners.ts'
import { explainedRefusals, proofsOf } from './facts/refused-ports.ts'
import { ROUTING_KINDS } from './facts/traffic-of.ts'
import { sameRef } from '../mesh/ref.ts'

/** Service and container agree on a port, and the application listens on another. */
export const targetPortNotListening = defineCheck({
  name: 'target-port-not-listening',
  about: 'the application listens on the port that its Service leads to',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['application-log', 'replica-sets'],
  problems: {
    MESH0309: {
      severity: 'error',
      title: 'application listens on another port',
      explains: ['MESH0401', 'MESH0403', 'MESH0404', 'MESH0405', 'MESH0451'],
      says: 'The application of {subject} listens on port {listens}, and requests are sent to port {port}, where nothing listens',
      remedy:
        'Make {subject} listen on port {port}, or make {listens} the targetPort of the Service and the containerPort.',
    },
  },
  run(evidence, target) {
    const elsewhere = explainedRefusals(evidence, target).filter(({ listens, port }) =>
      listens.every((one) => one.port !== port),
    )
    return byOwner([...new Set(elsewhere.map(({ pod }) => pod))], evidence).flatMap(({ owner }) => {
      const own = elsewhere.filter(({ pod }) => sameRef(ownerOf(pod, evidence), owner))
      const [first] = own
      if (first === undefined) return []
      return [
        {
          code: 'MESH0309' as const,
          standing: 'observed' as const,
          subject: owner,
          args: { port: first.port, listens: [...new Set(first.listens.map(({ port }) => String(port)))] },
          because: proofsOf(first),
          scope: [...target.hosts, ...own.map(({ pod }) => podScope(pod))],
        },
      ]
    })
  },
})
