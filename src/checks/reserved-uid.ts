import type { Evidence } from '../evidence/evidence.ts'
import type { Container, Pod } from '../mesh/objects.ts'
import { hasProxy, PROXY_CONTAINER } from '../mesh/pods.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { byOwner, podScope, podsOf } from './facts/owners.ts'
import { podReading } from './facts/readings.ts'

/** User and group of the sidecar: what they send is not captured, or it would go round in circles. */
const SIDECAR = 1337

/** An application runs as the sidecar's own user or group, so its outgoing traffic goes past the sidecar. */
export const reservedUid = defineCheck({
  name: 'reserved-uid',
  about: "no application runs as user or group 1337, the sidecar's own",
  needs: ['pods'],
  confirms: ['replica-sets'],
  problems: {
    MESH0703: {
      severity: 'warning',
      title: "application runs as sidecar's user",
      covers: ['IST0144'],
      says: "Container {containers} of {subject} runs as {identity} 1337, which is the sidecar's: what it sends bypasses the sidecar, without mutual TLS, routes and policies",
      remedy: 'Make {containers} run as a user and a group other than 1337.',
    },
  },
  run(evidence, target) {
    const pods = podsOf(target, evidence).filter((pod) => hasProxy(pod) && identities(pod).length > 0)
    return byOwner(pods, evidence).map(({ owner, pods: own }): Found => {
      const found = identities(own[0])
      return {
        code: 'MESH0703',
        standing: 'configured',
        subject: owner,
        args: {
          containers: [...new Set(found.map(({ container }) => container.name))],
          identity: [...new Set(found.map(({ identity }) => identity))].join(' and '),
        },
        because: [podProof(own[0], evidence, found)],
        scope: [...target.hosts, ...own.map(podScope)],
      }
    })
  },
})

interface Identity {
  container: Container
  identity: 'user' | 'group'
}

/** The application's containers that run so; what a container does not say, its pod says for it. */
function identities({ spec }: Pod): Identity[] {
  return (spec?.containers ?? [])
    .filter(({ name }) => name !== PROXY_CONTAINER)
    .flatMap((container): Identity[] => [
      ...((container.securityContext?.runAsUser ?? spec?.securityContext?.runAsUser) === SIDECAR
        ? [{ container, identity: 'user' as const }]
        : []),
      ...((container.securityContext?.runAsGroup ?? spec?.securityContext?.runAsGroup) === SIDECAR
        ? [{ container, identity: 'group' as const }]
        : []),
    ])
}

function podProof(pod: Pod, evidence: Evidence, found: readonly Identity[]): Proof {
  const reading = podReading(pod, evidence)
  return proof(
    reading,
    `${pod.metadata.name}: ${found.map(({ container, identity }) => `container ${container.name} runs as ${identity} ${SIDECAR}`).join(', ')}`,
  )
}
