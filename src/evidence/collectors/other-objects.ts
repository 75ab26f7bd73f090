import { redact } from '../redaction.ts'
import type { Resource } from '../clients/clients.ts'
import { UnseenError } from '../clients/clients.ts'
import type { OtherObjects } from '../other-objects.ts'
import type { Step } from '../step.ts'
import { inShape } from '../../mesh/shape/answer.ts'
import { table } from '../../mesh/table.ts'

/**
 * Kinds that act on requests, or on who may send them, and that no reading here understands: what controllers beside Istio bring along, and what of the
 * Gateway API Istio does not serve. Only those that a cluster serves are read, and nothing of it is judged: one that
 * names the target keeps a diagnosis from "healthy".
 */
export const OTHER_KINDS: Readonly<Record<string, readonly string[]>> = table({
  'gateway.networking.k8s.io': ['udproutes'],
  'gateway.networking.x-k8s.io': ['xbackendtrafficpolicies', 'xlistenersets', 'xmeshes'],
  'multicluster.x-k8s.io': ['serviceimports'],
  'cilium.io': ['ciliumnetworkpolicies', 'ciliumclusterwidenetworkpolicies', 'ciliumenvoyconfigs'],
  'crd.projectcalico.org': ['networkpolicies', 'globalnetworkpolicies'],
  'policy.networking.k8s.io': ['adminnetworkpolicies', 'baselineadminnetworkpolicies'],
  'argoproj.io': ['rollouts'],
  'flagger.app': ['canaries'],
  'split.smi-spec.io': ['trafficsplits'],
  'access.smi-spec.io': ['traffictargets'],
  'chaos-mesh.org': ['networkchaos', 'httpchaos', 'dnschaos'],
  'http.keda.sh': ['httpscaledobjects'],
  'serving.knative.dev': ['services', 'domainmappings'],
  'traefik.io': ['ingressroutes', 'ingressroutetcps'],
  'projectcontour.io': ['httpproxies'],
  'gateway.envoyproxy.io': ['backendtrafficpolicies', 'clienttrafficpolicies', 'securitypolicies'],
  'kuadrant.io': ['authpolicies', 'ratelimitpolicies', 'dnspolicies', 'tlspolicies'],
})

/** Objects of one kind that are kept, at most. */
const MOST_OBJECTS = 500

const isKnown = ({ group, plural }: Resource): boolean => OTHER_KINDS[group]?.includes(plural) === true

/** Reads the objects of kinds that are not understood here. A kind that may not be listed costs nothing but itself. */
export function otherObjects(): Step<'other-objects'> {
  return {
    id: 'other-objects',
    kind: 'other-objects',
    group: 'objects',
    title: 'objects of other controllers that act on traffic',
    source: 'kubectl api-resources --verbs=list -o name',
    async collect({ kubernetes }, signal) {
      const served = await kubernetes.served?.(Object.keys(OTHER_KINDS), signal)
      if (served === undefined) throw new UnseenError('unavailable', "the API server's discovery document was not read")
      const lists = await Promise.all(
        served.filter(isKnown).map(async (resource): Promise<OtherObjects> => {
          const name = `${resource.plural}.${resource.group}`
          try {
            const objects = inShape('other objects', await kubernetes.list(resource, {}, signal))
            const kept = objects.slice(0, MOST_OBJECTS).map(({ kind, metadata: { name, namespace }, ...rest }) => ({
              kind,
              metadata: { name, ...(namespace !== undefined && { namespace }) },
              spec: (rest as { spec?: unknown }).spec,
            }))
            return {
              resource: name,
              objects: JSON.parse(redact(JSON.stringify(kept))) as OtherObjects['objects'],
              left: objects.length - kept.length,
            }
          } catch (error) {
            if (!(error instanceof UnseenError || error instanceof SyntaxError) || signal.aborted) throw error
            return { resource: name, objects: [], left: 0, unseen: redact(error.message) }
          }
        }),
      )
      return lists
    },
  }
}
