import type { Evidence } from '../evidence/evidence.ts'
import type { Seen } from '../evidence/reading.ts'
import { serviceHost } from '../mesh/host.ts'
import { nearestNames } from '../mesh/names.ts'
import type { Service, Workload } from '../mesh/objects.ts'
import { refOf, selects } from '../mesh/objects.ts'
import { sameRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { ownerOf, podsOf } from './facts/owners.ts'

/** A StatefulSet names a governing Service that is not there or selects other pods: its pods have no names of their own. */
export const statefulSetWithoutService = defineCheck({
  name: 'stateful-set-without-service',
  about: 'every StatefulSet of the target has the Service that gives its pods their names',
  needs: ['stateful-sets', 'services', 'pods'],
  confirms: ['replica-sets'],
  problems: {
    MESH0119: {
      severity: 'warning',
      title: 'StatefulSet without its Service',
      says: '{subject} names Service {service} to govern its pods, which {reason}: names such as {example} do not resolve',
      remedy: 'Create a headless Service {service} (clusterIP None) that selects the pods of {subject}.',
    },
  },
  run(evidence, target) {
    const owners = podsOf(target, evidence).map((pod) => ownerOf(pod, evidence))
    return evidence
      .found('stateful-sets')
      .filter(
        ({ object }) => sameRef(refOf(object), target.ref) || owners.some((owner) => sameRef(owner, refOf(object))),
      )
      .flatMap(({ object, reading }) => judge(object, reading, evidence, target))
  },
})

function judge(set: Workload, reading: Seen, evidence: Evidence, target: Target): Found[] {
  const {
    metadata: { name, namespace = '' },
    spec,
  } = set
  const wanted = spec?.serviceName
  if (wanted === undefined || wanted === '') return []
  const services = evidence.objects('services').filter(({ metadata }) => metadata.namespace === namespace)
  const service = services.find(({ metadata }) => metadata.name === wanted)
  const reason = service === undefined ? 'does not exist' : whyNot(service, set)
  if (reason === undefined) return []
  const headless = services.filter((one) => one.spec?.clusterIP === 'None').map(({ metadata }) => metadata.name)
  const near = nearestNames(wanted, headless)[0]
  return [
    {
      code: 'MESH0119',
      standing: 'configured',
      subject: refOf(set),
      args: { service: wanted, reason, example: `${name}-0.${serviceHost(wanted, namespace, evidence.clusterDomain)}` },
      because: [
        proof(
          reading,
          `StatefulSet ${namespace}/${name} has serviceName ${wanted}; headless Services in ${namespace}: ${headless.join(', ') || 'none'}${near === undefined ? '' : `, nearest ${near}`}`,
        ),
      ],
      scope: target.hosts,
    },
  ]
}

/** A Service with an address of its own is a common, harmless choice where nobody asks for single pods. */
function whyNot({ spec }: Service, set: Workload): string | undefined {
  return spec?.clusterIP !== 'None' || selects(spec.selector, set.spec?.template?.metadata?.labels)
    ? undefined
    : 'selects other pods'
}
