import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import { allRules } from '../../checks/facts/routes.ts'
import { nearlySelecting, selectorOf } from '../../checks/facts/nearly-selecting.ts'
import { ownerOf, servicesInFront } from '../../checks/facts/owners.ts'
import { clientTls, rulesForCaller } from '../../mesh/destination-rules.ts'
import { parseClusterName } from '../../mesh/envoy.ts'
import { mtlsInForce, passesSidecar, policiesOfPod } from '../../mesh/mutual-tls.ts'
import type { KubernetesObject, Pod } from '../../mesh/objects.ts'
import { changedAt, latestChange, refOf, selects } from '../../mesh/objects.ts'
import { containerPort, hasProxy } from '../../mesh/pods.ts'
import { formatRef } from '../../mesh/ref.ts'
import { exceptionGone } from './gone-exception.ts'
import { hiddenFrom } from './hidden.ts'
import type { Case, Lead } from './lead.ts'
import { newest, value } from './lead.ts'

/** PeerAuthentications that make an exception for the Service's port where the workload's own is meant: they act on nothing. */
function portsOfServices(pod: Pod, port: number, { evidence }: Case): Lead[] {
  const fronts = servicesInFront(pod, evidence)
    .flatMap(({ spec }) => spec?.ports ?? [])
    .filter((one) => containerPort(pod, one.targetPort ?? one.port) === port && one.port !== port)
  return evidence
    .objects('peer-authentications')
    .filter(
      ({ metadata, spec }) =>
        metadata.namespace === pod.metadata.namespace && selects(spec?.selector?.matchLabels, pod.metadata.labels),
    )
    .flatMap((policy): Lead[] => {
      const named = fronts.find(
        (front) =>
          policy.spec?.portLevelMtls?.[String(front.port)] !== undefined &&
          policy.spec.portLevelMtls[String(port)] === undefined,
      )
      return named === undefined
        ? []
        : [
            {
              code: 'MESH0531',
              isDeeper: true,
              subject: refOf(policy),
              why: `its setting for port ${value(named.port)} has no effect: that is the Service's port, and the workload's own is ${value(port)}`,
              remedy: `Name port ${value(port)}`,
            },
          ]
    })
}

/** PeerAuthentications that would let plain text through to the port, if an older one for the same workload did not act in their place. */
function shadowedExceptions(pod: Pod, port: number, { evidence }: Case): Lead[] {
  const [[acting, ...others] = []] = policiesOfPod(
    pod,
    evidence.objects('peer-authentications'),
    rootNamespaceOf(evidence),
  )
  if (acting === undefined) return []
  return others
    .filter((one) => ['PERMISSIVE', 'DISABLE'].includes(mtlsInForce(pod, port, [one], rootNamespaceOf(evidence)).mode))
    .map((one): Lead => ({
      code: 'MESH0531',
      isDeeper: true,
      subject: refOf(one),
      why: `it lets plain text through to port ${value(port)}, and has no effect: ${formatRef(refOf(acting))} selects ${value(pod.metadata.name)} too, and of several only the oldest applies`,
      remedy: 'Merge the two policies',
    }))
}

/** PeerAuthentications that would let plain text through to the port, and act on nothing: their selector is spelt otherwise than the pod's labels. */
function unboundExceptions(pod: Pod, port: number, { evidence }: Case): Lead[] {
  return nearlySelecting(evidence.objects('peer-authentications'), pod, evidence)
    .filter(({ spec }) =>
      ['PERMISSIVE', 'DISABLE'].includes(spec?.portLevelMtls?.[String(port)]?.mode ?? spec?.mtls?.mode ?? ''),
    )
    .map((policy): Lead => ({
      code: 'MESH0531',
      isDeeper: true,
      subject: refOf(policy),
      why: `it lets plain text through to port ${value(port)}, and acts on nothing: no pod in ${value(policy.metadata.namespace ?? '')} has the labels of its selector, ${value(selectorOf(policy))}`,
      remedy: `Make its selector match the labels of ${value(pod.metadata.name)}`,
    }))
}

/** Milliseconds by which a policy must be younger than a caller: what is made together has no order. */
const TOGETHER = 20_000

/** The PeerAuthentication that a caller in plain text was there before: it took away what that caller had. */
function changedAfter(callerPod: Pod, pod: Pod, port: number, evidence: Case['evidence']): Lead[] {
  const { mode, policy } = mtlsInForce(pod, port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence))
  const began = Date.parse(callerPod.metadata.creationTimestamp ?? '')
  if (policy === undefined || !((changedAt(policy) ?? 0) > began + TOGETHER)) return []
  return [
    {
      code: 'MESH0531',
      isDeeper: true,
      subject: refOf(policy),
      why: `it was changed after ${value(callerPod.metadata.name)} began to run, which has no sidecar and speaks plain text: port ${value(port)} of ${value(pod.metadata.name)} is ${value(mode)} now`,
      remedy: 'Make the port accept plain text until every caller has a sidecar',
    },
  ]
}

/** Who decides how the two sides of a connection speak when they do not understand each other. */
export function tlsLeads(
  cluster: string,
  callerPod: Pod,
  pod: Pod,
  port: number,
  asked: { host: string; port: number },
  one: Case,
): Lead[] {
  const { evidence } = one
  const hidden = cluster === 'PassthroughCluster' ? hiddenFrom(callerPod, asked.host, asked.port, one) : []
  if (hidden.length > 0) return hidden
  if (!passesSidecar(pod, port))
    return [
      {
        code: 'MESH0531',
        isDeeper: true,
        subject: ownerOf(pod, evidence),
        why: `its annotations keep port ${value(port)} from its sidecar, and callers with a sidecar speak mutual TLS to it: the application gets TLS`,
        remedy: 'Remove the port from the annotation, or make callers speak plain text to it',
      },
    ]
  const misnamed = portsOfServices(pod, port, one)
  if (misnamed.length > 0 && !hasProxy(callerPod)) return misnamed
  const unbound = unboundExceptions(pod, port, one)
  if (unbound.length > 0) return unbound
  const shadowed = shadowedExceptions(pod, port, one)
  if (shadowed.length > 0 && !hasProxy(callerPod)) return shadowed
  if (!hasProxy(callerPod)) {
    const stricter = changedAfter(callerPod, pod, port, evidence)
    if (stricter.length > 0) return stricter
    const gone = exceptionGone(callerPod, pod, port, one)
    if (gone.length > 0) return gone
    return [
      {
        code: 'MESH0531',
        subject: ownerOf(callerPod, evidence),
        why: `it has no sidecar and speaks plain text, which port ${value(port)} of ${value(pod.metadata.name)} does not accept`,
        remedy: 'Give it a sidecar, or make the port accept plain text',
      },
    ]
  }
  const { mode, policy } = mtlsInForce(pod, port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence))
  const name = parseClusterName(cluster)
  // A connection that the target's own proxy turned away does not say to which of its hosts it was made.
  const asWhat = name === undefined ? one.target.hosts.map((host) => ({ host, port: 0, subset: '' })) : [name]
  const spoken = asWhat.flatMap(({ host, port: outer, subset }) =>
    rulesForCaller(allRules(evidence), host, callerPod.metadata.namespace ?? '', rootNamespaceOf(evidence)).flatMap(
      (rule) => {
        const tls = clientTls(rule, outer, subset)
        return tls === undefined ? [] : [{ rule, tls }]
      },
    ),
  )
  const speaking = [...new Set(spoken.map(({ rule }) => rule))]
  const sides: KubernetesObject[] = [...speaking, ...(policy === undefined ? [] : [policy])]
  const blamed = newest(sides)
  const tls = spoken
    .map(({ rule, tls: { mode: said = 'DISABLE' } }) => `${formatRef(refOf(rule))} says ${value(said)}`)
    .join(', ')
  const why = `callers and port ${value(port)} of ${value(pod.metadata.name)} do not speak the same: ${tls === '' ? 'no DestinationRule says how to speak' : tls}; ${policy === undefined ? 'no PeerAuthentication says what is accepted' : `${formatRef(refOf(policy))} says ${value(mode)}`}`
  if (blamed !== undefined)
    return [
      {
        code: 'MESH0531',
        subject: refOf(blamed),
        why,
        remedy: 'Make both sides speak mutual TLS, or both plain text',
        // A check that knows both names the rule.
        isDeeper:
          blamed === policy && speaking.length > 0 && latestChange([policy]) > latestChange(speaking) + TOGETHER,
      },
    ]
  return []
}
