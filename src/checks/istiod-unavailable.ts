import { isReady } from '../mesh/pods.ts'
import { defineCheck, proof } from './check.ts'

/** No istiod answers: proxies keep what they have, and nothing that changes from now on reaches them. */
export const istiodUnavailable = defineCheck({
  name: 'istiod-unavailable',
  about: 'an istiod is ready',
  needs: ['pods'],
  confirms: ['proxy-status'],
  problems: {
    MESH0901: {
      severity: 'warning',
      title: 'no istiod ready',
      explains: ['MESH0505', 'MESH0512'],
      says: 'No istiod is ready ({pods}): proxies keep the configuration they have; changes are not sent, new pods get none, and certificates are not renewed',
      remedy: 'Bring istiod back: look at its pods and their events in {namespace}.',
    },
  },
  run(evidence, target) {
    const reading = evidence.seen('pods').find(({ source }) => source.includes('-l app=istiod'))
    // An istiod outside the cluster has no pods here, and still answers.
    if (reading === undefined || evidence.seen('proxy-status').length > 0 || reading.value.some(isReady)) return []
    const pods = reading.value.map(({ metadata }) => metadata.name)
    const namespace = reading.value[0]?.metadata.namespace ?? 'istio-system'
    return [
      {
        code: 'MESH0901',
        standing: 'live',
        subject: { kind: 'Deployment', namespace, name: 'istiod' },
        args: { pods: pods.length === 0 ? 'no pods' : pods, namespace },
        because: [
          proof(reading, pods.length === 0 ? 'no pod is labelled app=istiod' : `none of ${pods.join(', ')} is Ready`),
        ],
        scope: target.hosts,
      },
    ]
  },
})
