import type { Evidence } from '../evidence/evidence.ts'
import { asksForAmbient, dataPlaneOf, isHalfCaptured } from '../mesh/data-plane.ts'
import type { Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { namespaceOf, ownAmbient, ztunnelOn } from './facts/ambient.ts'
import { byOwner, podScope } from './facts/owners.ts'
import { podReading } from './facts/readings.ts'

const ASKS = { pod: 'their own label', namespace: 'the label of their namespace' } as const

/** A pod that ambient mode should have and does not: nothing encrypts its traffic, knows who calls, or applies policies. */
export const podNotCaptured = defineCheck({
  name: 'pod-not-captured',
  about: 'the traffic of every pod that should be in ambient mode is redirected to the ztunnel of its node',
  needs: ['pods', 'namespaces'],
  confirms: ['ztunnel-config', 'replica-sets'],
  problems: {
    MESH0707: {
      severity: 'warning',
      title: 'pod not captured by ambient',
      says: 'The pods of {subject} ({pods}) are not in ambient mode, though {asker} asks for it: their traffic is plain text, without identity and policies',
      remedy:
        "Check that Istio's CNI plugin and ztunnel run on {nodes}; then the pods of {subject} are captured without a restart.",
    },
    MESH0708: {
      severity: 'error',
      title: 'pod captured without a ztunnel',
      explains: ['MESH0401', 'MESH0403', 'MESH0404'],
      says: 'The traffic of the pods of {subject} ({pods}) is redirected to ztunnel, and no ztunnel serves them yet: nothing reaches them, and they reach nothing',
      remedy: 'Check ztunnel on {nodes}, and the log of the CNI plugin there.',
    },
  },
  run(evidence, target) {
    const pods = ownAmbient(evidence, target).filter((pod) => dataPlaneOf(pod) === 'none')
    return [...Map.groupBy(pods, isHalfCaptured)].flatMap(([half, group]) =>
      byOwner(group, evidence).map(({ owner, pods: own }): Found => {
        const proofs = own.flatMap((pod) => missingIn(pod, evidence))
        const [pod] = own
        const nodes = [...new Set(own.flatMap(({ spec }) => spec?.nodeName ?? []))].sort()
        return {
          code: half ? 'MESH0708' : 'MESH0707',
          standing: proofs.length > 0 ? 'live' : 'configured',
          subject: owner,
          args: {
            pods: own.map(({ metadata }) => metadata.name),
            nodes: nodes.length > 0 ? nodes.map((node) => `node ${node}`) : ['their nodes'],
            ...(!half && { asker: ASKS[asksForAmbient(pod, namespaceOf(pod, evidence)) ?? 'namespace'] }),
          },
          because: [annotationProof(pod, half, evidence), ...proofs],
          scope: [...target.hosts, ...own.map(podScope)],
        }
      }),
    )
  },
})

const annotationProof = (pod: Pod, half: boolean, evidence: Evidence): Proof =>
  proof(
    podReading(pod, evidence),
    half
      ? `${pod.metadata.name} has the annotation ambient.istio.io/redirection=pending: Istio's CNI plugin found no ztunnel for it`
      : `${pod.metadata.name} has no annotation ambient.istio.io/redirection, which Istio's CNI plugin writes when it has captured a pod`,
  )

/** What its node's ztunnel says of it: a ztunnel that serves the pod contradicts nothing, for the annotation may come late. */
function missingIn(pod: Pod, evidence: Evidence): Proof[] {
  const ztunnel = ztunnelOn(pod.spec?.nodeName, evidence)
  const reading = ztunnel === undefined ? undefined : evidence.seenOf('ztunnel-config', refOf(ztunnel))
  if (ztunnel === undefined || reading === undefined) return []
  const { name, namespace } = pod.metadata
  const isServed = reading.value.captured.some((one) => one.name === name && one.namespace === namespace)
  return isServed ? [] : [proof(reading, `${ztunnel.metadata.name} serves no pod ${name}`)]
}
