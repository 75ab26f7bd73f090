import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { allRules } from '../../checks/facts/routes.ts'
import { clientTls, rulesForCaller } from '../../mesh/destination-rules.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { mtlsInForce } from '../../mesh/mutual-tls.ts'
import type { AuthorizationPolicy, Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { hasProxy } from '../../mesh/pods.ts'
import type { Case, Lead } from './lead.ts'
import { newest, value } from './lead.ts'

/** True for a policy that asks who the caller is: what only mutual TLS tells. */
const asksForIdentity = ({ spec }: AuthorizationPolicy): boolean =>
  /"(?:not)?(?:principals|namespaces|serviceAccounts)"|"source\.(?:principal|namespace|serviceAccount)"/i.test(
    JSON.stringify(spec?.rules ?? []).replaceAll(/"(?:notR|r)equestPrincipals"/g, ''),
  )

/**
 * Where policies ask who the caller is, and the request of a caller that has a sidecar came in plain text: what keeps the two from speaking mutual TLS, the newer when
 * both sides do.
 *
 * @param port of the pod
 */
export function identityTaken(
  policies: readonly AuthorizationPolicy[],
  { pod, port, cluster, caller }: { pod: Pod; port: number; cluster: string; caller: Pod | undefined },
  { evidence }: Case,
): Lead[] {
  const asking = policies.filter(asksForIdentity)
  if (asking.length === 0 || caller === undefined || !hasProxy(caller)) return []
  const { mode, policy } = mtlsInForce(pod, port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence))
  const name = parseClusterName(cluster)
  const rules =
    name?.direction === 'outbound'
      ? rulesForCaller(
          allRules(evidence),
          name.host,
          caller.metadata.namespace ?? '',
          rootNamespaceOf(evidence),
        ).filter((rule) => ['DISABLE', 'SIMPLE'].includes(clientTls(rule, name.port, name.subset)?.mode ?? ''))
      : []
  const blamed = newest([...rules, ...(mode === 'DISABLE' && policy !== undefined ? [policy] : [])])
  return blamed === undefined
    ? []
    : [
        {
          code: 'MESH0531',
          isDeeper: true,
          subject: refOf(blamed),
          why: `it switches mutual TLS off for port ${value(port)} of ${value(pod.metadata.name)}: callers have no identity there, and ${asking.map(({ metadata }) => value(metadata.name)).join(', ')} asks for one`,
          remedy: 'Make both sides speak mutual TLS, or ask for no identity',
        },
      ]
}
