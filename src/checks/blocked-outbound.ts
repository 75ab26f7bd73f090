import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Pod } from '../mesh/objects.ts'
import { refOf } from '../mesh/objects.ts'
import type { Ref } from '../mesh/ref.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import { sidecarFor } from '../mesh/sidecars.ts'
import type { BlockedCalls } from './facts/blocked-calls.ts'
import { blockedCalls, registrationOf } from './facts/blocked-calls.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { byOwner, ownerOf, podScope } from './facts/owners.ts'
import { quoteLine } from './facts/traffic-of.ts'

/** A workload calls hosts that nothing registers, and may call registered ones only (REGISTRY_ONLY): its sidecar lets the calls go nowhere. */
export const blockedOutbound = defineCheck({
  name: 'blocked-outbound',
  about: 'no call of the target to a host outside the mesh is blocked by its own sidecar',
  needs: ['access-log', 'pods', 'sidecars', 'services', 'service-entries'],
  confirms: ['routes', 'mesh-config', 'replica-sets'],
  problems: {
    MESH0410: {
      severity: 'error',
      title: 'outgoing calls blocked',
      says: '{subject} calls {hosts}, which no Service or ServiceEntry defines, and may call registered hosts only ({policy}): {calls} calls were blocked',
      remedy: 'Add a ServiceEntry for {hosts}, or allow {subject} to call any host (outboundTrafficPolicy ALLOW_ANY).',
    },
  },
  run(evidence, target) {
    // Calls that were passed on blindly and failed are the other side's trouble.
    const blocked = blockedCalls(evidence, target).filter(
      (one) =>
        registrationOf(one, evidence) === undefined &&
        one.lines.some(({ upstreamCluster }) => upstreamCluster !== 'PassthroughCluster'),
    )
    return byOwner([...new Set(blocked.map(({ pod }) => pod))], evidence).flatMap(({ owner, pods }) =>
      found(
        owner,
        pods,
        blocked.filter(({ pod }) => sameRef(ownerOf(pod, evidence), owner)),
        evidence,
      ),
    )
  },
})

/** Where it is said that only registered hosts may be called. */
function policyOf(pod: Pod, evidence: Evidence): string {
  const sidecar = sidecarFor(pod, evidence.objects('sidecars'), rootNamespaceOf(evidence))
  if (
    (sidecar?.spec?.outboundTrafficPolicy as { mode?: string } | undefined)?.mode === 'REGISTRY_ONLY' &&
    sidecar !== undefined
  )
    return `REGISTRY_ONLY by ${formatRef(refOf(sidecar))}`
  const mesh = evidence.objects('mesh-config').some(({ data }) => (data?.mesh ?? '').includes('REGISTRY_ONLY'))
  return mesh ? 'REGISTRY_ONLY by the mesh configuration' : 'REGISTRY_ONLY'
}

/** The answer-nothing route that a proxy of mode REGISTRY_ONLY has. */
function liveProof(pod: Pod, evidence: Evidence): Proof[] {
  const routes = evidence.seenOf('routes', refOf(pod))
  const names = (routes?.value ?? [])
    .filter(({ virtualHosts = [] }) => virtualHosts.some(({ name }) => name === 'block_all'))
    .flatMap(({ name }) => name ?? [])
  return routes === undefined || names.length === 0
    ? []
    : [
        proof(
          routes,
          `${pod.metadata.name} answers hosts it does not know with 502 (block_all) on ${names.slice(0, 5).join(', ')}`,
        ),
      ]
}

function found(
  subject: Ref,
  [pod]: readonly [Pod, ...Pod[]],
  blocked: readonly BlockedCalls[],
  evidence: Evidence,
): Found[] {
  const [first, ...others] = blocked.map(({ log, called, lines }) => {
    const last = lines.at(-1) ?? lines[0]
    return proof(
      log,
      `${lines.length} calls to ${called} were blocked since the last change`,
      `${quoteLine(last)} ${last.routeName ?? last.upstreamCluster ?? ''}`,
    )
  })
  if (first === undefined) return []
  const hosts = [...new Set(blocked.map(({ called }) => called))]
  return [
    {
      code: 'MESH0410',
      standing: 'observed',
      subject,
      args: {
        hosts,
        policy: policyOf(pod, evidence),
        calls: blocked.reduce((sum, { lines }) => sum + lines.length, 0),
      },
      because: [first, ...others, ...liveProof(pod, evidence)],
      scope: [...hosts, ...blocked.map((one) => podScope(one.pod))],
    },
  ]
}
