import { labelTexts } from '../../mesh/labels.ts'
import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import type { Finding } from '../../checks/check.ts'
import { podsOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { fromFqdn } from '../../mesh/host.ts'
import { mtlsInForce, passesSidecar } from '../../mesh/mutual-tls.ts'
import type { ClientTls, DestinationRule, PeerAuthentication, Pod, TrafficPolicy } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { containerPort, hasEnded, hasProxy, isAmbient } from '../../mesh/pods.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import type { ForPeople, Proposal } from '../proposal.ts'
import { defineFix } from '../proposal.ts'

/** What callers can be told to speak. */
type Spoken = 'mutual' | 'plaintext'
const MODES: Readonly<Record<Spoken, string>> = { mutual: 'ISTIO_MUTUAL', plaintext: 'DISABLE' }
const TAKEN: Readonly<Record<'STRICT' | 'PERMISSIVE' | 'DISABLE', readonly Spoken[]>> = {
  STRICT: ['mutual'],
  PERMISSIVE: ['mutual', 'plaintext'],
  DISABLE: ['plaintext'],
}

/** Makes callers speak what the pods take: mutual TLS where they can answer it, plain text where they cannot. */
export const alignTlsMode = defineFix({
  act: 'align-tls-mode',
  about: 'makes the TLS mode of a DestinationRule match what the pods accept',
  codes: ['MESH0501', 'MESH0702'],
  propose(finding, evidence, target) {
    const host = textArg(finding, 'host')
    const rule = ruleOf(finding, evidence)
    const taken = takenBy(host, evidence, target)
    if (rule === undefined || taken === undefined) return []
    const [speak] = taken
    if (speak === undefined)
      return {
        people: `The pods and ports of ${host} do not all accept the same: the owner of ${formatRef(refOf(rule))} has to remove its tls mode, so that Istio chooses for each of them.`,
      }
    const spec = aligned(rule, taken, MODES[speak])
    if (spec === undefined) return certificates(rule)
    const change = Object.keys(spec).length === 0 ? [] : [ofRule(finding, rule, host, speak, spec)]
    return [...change, ...ofPolicy(finding, host, evidence, target)]
  },
})

/** MESH0501 has the DestinationRule as its subject, MESH0702 names it `namespace/name`. */
function ruleOf(finding: Finding, evidence: Evidence): DestinationRule | undefined {
  const [namespace = '', name = ''] =
    finding.subject.kind === 'DestinationRule'
      ? [finding.subject.namespace, finding.subject.name]
      : textArg(finding, 'rule').split('/')
  return evidence.object('destination-rules', namespace, name)
}

const certificates = (rule: DestinationRule): ForPeople => ({
  people: `${formatRef(refOf(rule))} has certificates next to its tls mode: its owner decides whether they are still needed.`,
})

/** The running pods, and the ports of their own that the host's Service leads to. */
function lines(host: string, evidence: Evidence, target: Target): { pod: Pod; port: number }[] {
  const { name = '', namespace = '' } = fromFqdn(host) ?? {}
  const ports = (evidence.object('services', namespace, name)?.spec?.ports ?? []).filter(
    ({ protocol }) => protocol !== 'UDP',
  )
  const pods = podsOf(target, evidence).filter(
    (pod) => !isAmbient(pod) && !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined,
  )
  return pods.flatMap((pod) =>
    ports.flatMap(({ port, targetPort = port }) => {
      const inner = containerPort(pod, targetPort)
      return inner === undefined ? [] : [{ pod, port: inner }]
    }),
  )
}

/** What all pods and ports of a host take, the best first; undefined when it cannot be told: nothing is there, or the application itself may answer TLS. */
function takenBy(host: string, evidence: Evidence, target: Target): Spoken[] | undefined {
  const all = lines(host, evidence, target)
  if (all.length === 0 || all.some(({ pod, port }) => hasProxy(pod) && !passesSidecar(pod, port))) return undefined
  const each = all.map(({ pod, port }) =>
    hasProxy(pod)
      ? TAKEN[mtlsInForce(pod, port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence)).mode]
      : ['plaintext'],
  )
  return (['mutual', 'plaintext'] as const).filter((spoken) => each.every((taken) => taken.includes(spoken)))
}

/** The fields that put every mode right that the pods do not take; none when all are; undefined when certificates stand beside one, which an apply cannot take out. */
function aligned(
  { spec }: DestinationRule,
  taken: readonly Spoken[],
  mode: string,
): Record<string, unknown> | undefined {
  const wrong = (tls: ClientTls | undefined): boolean =>
    tls?.mode !== undefined && !taken.some((spoken) => MODES[spoken] === tls.mode)
  const mended = (policy: TrafficPolicy): TrafficPolicy => ({
    ...policy,
    ...(wrong(policy.tls) && { tls: { mode } as ClientTls }),
    ...(policy.portLevelSettings !== undefined && { portLevelSettings: policy.portLevelSettings.map(mended) }),
  })
  const isWrong = (policy: TrafficPolicy | undefined): boolean =>
    policy !== undefined && (wrong(policy.tls) || (policy.portLevelSettings ?? []).some(isWrong))
  const top = spec?.trafficPolicy
  if (wrong(top?.tls) && Object.keys(top?.tls ?? {}).length > 1) return undefined
  const trafficPolicy = {
    ...(wrong(top?.tls) && { tls: { mode } }),
    ...((top?.portLevelSettings ?? []).some(isWrong) && { portLevelSettings: top?.portLevelSettings?.map(mended) }),
  }
  const subsets = spec?.subsets ?? []
  return {
    ...(Object.keys(trafficPolicy).length > 0 && { trafficPolicy }),
    ...(subsets.some((subset) => isWrong(subset.trafficPolicy)) && {
      subsets: subsets.map((subset) =>
        subset.trafficPolicy === undefined ? subset : { ...subset, trafficPolicy: mended(subset.trafficPolicy) },
      ),
    }),
  }
}

function ofRule(
  finding: Finding,
  rule: DestinationRule,
  host: string,
  speak: Spoken,
  spec: Record<string, unknown>,
): Proposal {
  const { code, subject } = finding
  const name = formatRef(refOf(rule))
  const bare = code === 'MESH0702'
  return {
    act: 'align-tls-mode',
    for: code,
    title:
      speak === 'mutual'
        ? `Make callers of ${host} use Istio's mutual TLS`
        : `Make callers of ${host} speak plain text`,
    why: bare
      ? `${name} makes callers use mutual TLS to ${host}, and the pods of ${subject.name} have no sidecar to answer it; with mode ${MODES[speak]} callers speak plain text to them.`
      : `${name} makes callers of ${host} speak ${textArg(finding, 'speaks')}, and ${textArg(finding, 'policy')} makes its pods accept ${textArg(finding, 'takes')}; mode ${MODES[speak]} is what they accept.`,
    effect: `Callers' proxies that use ${name} ${speak === 'mutual' ? `encrypt requests to ${host} with the mesh's own certificates` : `no longer encrypt requests to ${host}`}.`,
    risk:
      speak === 'mutual'
        ? { level: 'low', says: `All pods of ${host} that were seen accept it.` }
        : {
            level: 'high',
            says: `Everything sent to ${host} can be read on the network${bare ? `; a sidecar for ${subject.name} is the better solution` : ''}.`,
          },
    undo: `Restores the former tls mode in ${name}.`,
    writes: [applyTo(rule, { spec })],
    ...(!bare && speak === 'plaintext' && { choice: 'callers speak plain text' }),
  }
}

/** Where a policy turns mutual TLS off, the pods may be let take both instead: then callers go on encrypting. */
function ofPolicy({ code }: Finding, host: string, evidence: Evidence, target: Target): Proposal[] {
  const all = lines(host, evidence, target)
  const inForce = all.map(({ pod, port }) =>
    mtlsInForce(pod, port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence)),
  )
  const policies = new Set(inForce.map(({ policy }) => policy))
  const [policy] = policies
  if (
    code !== 'MESH0501' ||
    policy === undefined ||
    policies.size > 1 ||
    !all.every(({ pod }) => hasProxy(pod)) ||
    inForce.some(({ mode }) => mode !== 'DISABLE') ||
    policy.spec?.mtls?.mode !== 'DISABLE'
  )
    return []
  const name = formatRef(refOf(policy))
  return [
    {
      act: 'align-tls-mode',
      for: code,
      title: `Make the pods of ${host} accept mutual TLS and plain text`,
      why: `${name} makes the pods of ${host} accept plain text only; with mode PERMISSIVE they accept the mutual TLS that callers speak, and plain text as before.`,
      effect: `Every workload that ${name} applies to (${reachOf(policy)}) accepts mutual TLS as well as plain text.`,
      risk: {
        level: 'medium',
        says: `Callers in the mesh without a TLS mode of their own begin to encrypt, also to other workloads that ${name} applies to.`,
      },
      undo: `Restores mode DISABLE in ${name}.`,
      writes: [applyTo(policy, { spec: { mtls: { mode: 'PERMISSIVE' } } })],
      choice: 'pods accept both',
    },
  ]
}

function reachOf({ spec, metadata: { namespace = '' } }: PeerAuthentication): string {
  const labels = labelTexts(spec?.selector?.matchLabels)
  if (labels.length > 0) return labels.join(', ')
  return namespace === 'istio-system' ? 'the whole mesh' : `namespace ${namespace}`
}
