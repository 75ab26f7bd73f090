import { sameRef } from '../mesh/ref.ts'
import { defineCheck } from './check.ts'
import { byOwner, ownerOf, podScope } from './facts/owners.ts'
import { explainedRefusals, proofsOf } from './facts/refused-ports.ts'
import { ROUTING_KINDS } from './facts/traffic-of.ts'

/** The application listens on localhost only: since Istio 1.10 its sidecar connects to the pod's own address, where nobody answers. */
export const localhostListener = defineCheck({
  name: 'localhost-listener',
  about: 'no application of the target listens on localhost only',
  needs: ['access-log', 'pods', ...ROUTING_KINDS],
  confirms: ['application-log', 'replica-sets'],
  problems: {
    MESH0310: {
      severity: 'error',
      title: 'application listens on localhost only',
      explains: ['MESH0401', 'MESH0403', 'MESH0404', 'MESH0405', 'MESH0451'],
      covers: ['IST0143'],
      says: 'The application of {subject} listens on localhost only at port {port}, where not even its own sidecar reaches it',
      remedy: 'Make the application of {subject} listen on all addresses: 0.0.0.0 or ::, not 127.0.0.1.',
    },
  },
  run(evidence, target) {
    const local = explainedRefusals(evidence, target).filter(({ listens, port }) => {
      const here = listens.filter((one) => one.port === port)
      // The newest line counts: a log may hold an earlier start.
      return here.at(-1)?.at === 'loopback'
    })
    return byOwner([...new Set(local.map(({ pod }) => pod))], evidence).flatMap(({ owner }) => {
      const own = local.filter(({ pod }) => sameRef(ownerOf(pod, evidence), owner))
      const [first] = own
      return first === undefined
        ? []
        : [
            {
              code: 'MESH0310' as const,
              standing: 'observed' as const,
              subject: owner,
              args: { port: first.port },
              because: proofsOf(first),
              scope: [...target.hosts, ...own.map(({ pod }) => podScope(pod))],
            },
          ]
    })
  },
})
