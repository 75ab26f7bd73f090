import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import type { Finding } from '../../checks/check.ts'
import { podsOf } from '../../checks/facts/owners.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { rulesForCaller } from '../../mesh/destination-rules.ts'
import { fromFqdn } from '../../mesh/host.ts'
import type { DestinationRule, Pod, Subset } from '../../mesh/objects.ts'
import { refOf, selects } from '../../mesh/objects.ts'
import { isReady } from '../../mesh/pods.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { Target } from '../../mesh/target.ts'
import { listArg, textArg } from '../drafting/finding-args.ts'
import { applyTo, create } from '../manifest.ts'
import type { ApplyWrite } from '../proposal.ts'
import { defineFix } from '../proposal.ts'

/**
 * Three failures in a row (a timeout counts as 504) and the endpoint rests for a minute, longer each time; at most half of the endpoints, as
 * Istio lets a host have none left before it lets a resting one be asked.
 */
const OUTLIER_DETECTION = { consecutive5xxErrors: 3, interval: '5s', baseEjectionTime: '60s', maxEjectionPercent: 50 }

/** Lets callers' proxies leave out an endpoint that keeps failing, whichever it is, for as long as it does. */
export const ejectSlowEndpoint = defineFix({
  act: 'eject-slow-endpoint',
  about: "adds outlier detection to the host's DestinationRule, so that callers eject an endpoint that keeps failing",
  codes: ['MESH0403', 'MESH0433'],
  propose(finding, evidence, target) {
    const { subject, code } = finding
    const pod = subject.kind === 'Pod' ? evidence.object('pods', subject.namespace ?? '', subject.name) : undefined
    const host = target.hosts.find(
      (one) =>
        fromFqdn(one) !== undefined &&
        evidence
          .objects('services')
          .some(
            (service) => isServiceOf(service.metadata, one) && selects(service.spec?.selector, pod?.metadata.labels),
          ),
    )
    if (pod === undefined || host === undefined || !countsAsFailing(finding)) return []
    const rules = rulesForCaller(
      evidence.objects('destination-rules'),
      host,
      finding.because[0].of?.namespace ?? '',
      rootNamespaceOf(evidence),
    )
    const [rule, more] = rules
    // Of two for one host it is not told which of their policies acts; one that is there already has its own limits; and a port's own settings inherit nothing.
    if (
      more !== undefined ||
      (rule !== undefined &&
        policies(rule).some(
          ({ outlierDetection, portLevelSettings }) =>
            outlierDetection !== undefined || portLevelSettings !== undefined,
        ))
    )
      return []
    if (!hasSiblings(pod, rule, evidence, target)) return []
    const write =
      rule === undefined
        ? newRule(host, evidence)
        : applyTo(rule, { spec: { trafficPolicy: { outlierDetection: OUTLIER_DETECTION } } })
    const where = rule === undefined ? `a new DestinationRule ${write.ref.name}` : formatRef(refOf(rule))
    const name = fromFqdn(host)?.name ?? host
    return [
      {
        act: 'eject-slow-endpoint',
        for: code,
        title: `Eject endpoints of ${name} that keep failing`,
        why: `${reasonOf(finding, pod.metadata.name)}, and other endpoints answer: outlier detection in ${where} makes callers' proxies eject it.`,
        effect: `An endpoint of ${name} that fails three times in a row gets no requests for a minute, and longer when it fails again; never more than half of them.`,
        risk: {
          level: 'medium',
          says: `It holds for every endpoint of ${name} and all its callers: the rest carry the load of ejected ones, and errors of the application itself (5xx) count too.`,
        },
        undo:
          rule === undefined
            ? `Deletes DestinationRule ${write.ref.name} again.`
            : `Removes outlier detection from ${formatRef(refOf(rule))} again.`,
        writes: [write],
      },
    ]
  },
})

const isServiceOf = ({ name, namespace }: { name: string; namespace?: string }, host: string): boolean => {
  const parsed = fromFqdn(host)
  return parsed?.name === name && parsed.namespace === namespace
}

/** Outlier detection counts 5xx and what the proxy itself makes of timeouts and broken connections; not what the application refuses with 4xx, nor a caller who hangs up. */
const countsAsFailing = (finding: Finding): boolean =>
  listArg(finding, 'flags').some((flag) => !/^(?:[1-4]\d\d|DC)$/.test(flag))

const reasonOf = (finding: Finding, pod: string): string =>
  finding.code === 'MESH0433'
    ? `${textArg(finding, 'cut')} of ${textArg(finding, 'requests')} requests were given up while they waited for ${pod}`
    : `${textArg(finding, 'failed')} of ${textArg(finding, 'failures')} failed requests went to ${pod}`

interface TrafficPolicy {
  outlierDetection?: unknown
  portLevelSettings?: unknown
}

const policies = ({ spec }: DestinationRule): TrafficPolicy[] =>
  (
    [spec?.trafficPolicy, ...(spec?.subsets ?? []).map(({ trafficPolicy }) => trafficPolicy)] as (
      TrafficPolicy | undefined
    )[]
  ).filter((policy) => policy !== undefined)

/** True when every subset the pod is in has another pod that is ready: Envoy would leave out a subset's only endpoint, too. */
function hasSiblings(pod: Pod, rule: DestinationRule | undefined, evidence: Evidence, target: Target): boolean {
  const others = podsOf(target, evidence).filter(
    (one) => one !== pod && isReady(one) && one.metadata.namespace === pod.metadata.namespace,
  )
  const subsets = (rule?.spec?.subsets ?? []).filter(({ labels }) => selects(labels, pod.metadata.labels))
  return (
    others.length > 0 &&
    subsets.every(({ labels }: Subset) => others.some((one) => selects(labels, one.metadata.labels)))
  )
}

/** A rule of the host's own namespace, which all callers use, under a name that is free there. */
function newRule(host: string, evidence: Evidence): ApplyWrite {
  const { name, namespace } = fromFqdn(host) ?? { name: host, namespace: '' }
  const taken = new Set(
    evidence
      .objects('destination-rules')
      .filter(({ metadata }) => metadata.namespace === namespace)
      .map(({ metadata }) => metadata.name),
  )
  const free = [name, `${name}-outlier-detection`].find((one) => !taken.has(one)) ?? `${name}-outlier-detection-2`
  return create(
    { kind: 'DestinationRule', namespace, name: free },
    { spec: { host, trafficPolicy: { outlierDetection: OUTLIER_DETECTION } } },
  )
}
