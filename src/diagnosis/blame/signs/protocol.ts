import { rootNamespaceOf } from '../../../checks/facts/root-namespace-of.ts'
import { allRules } from '../../../checks/facts/routes.ts'
import { ownerOf, servicesOf } from '../../../checks/facts/owners.ts'
import { sameRef } from '../../../mesh/ref.ts'
import { patching } from '../../follow/envoy-filters.ts'
import { nearest, podAt, type Request } from '../../../checks/facts/requests-to.ts'
import { answerOf } from '../../requests/answer.ts'
import { portOf } from '../../../mesh/address.ts'
import { hostOfRule, rulesForCaller } from '../../../mesh/destination-rules.ts'
import { parseClusterName } from '../../../mesh/envoy.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import type { KubernetesObject, Pod, Sidecar } from '../../../mesh/objects.ts'
import { sidecarFor } from '../../../mesh/sidecars.ts'
import { refOf } from '../../../mesh/objects.ts'
import type { AccessLogLine } from '../../../mesh/access-log.ts'
import { hostOfService, nearestHosts } from '../../../mesh/host.ts'
import { mtlsInForce } from '../../../mesh/mutual-tls.ts'
import { hasProxy } from '../../../mesh/pods.ts'
import { registryOf } from '../../../checks/facts/registry.ts'
import { hiddenFrom } from '../hidden.ts'
import { tlsLeads } from '../tls.ts'
import type { Case, Lead } from '../lead.ts'
import { newest, value } from '../lead.ts'
import { entriesOf, rulesOutside } from './outside.ts'
import { lead, times, type Sign } from './sign.ts'

/** What keeps the target from a caller with a sidecar whose connection came to the target's own proxy all the same: by the address of a pod, in plain text. */
function hiddenBehind(caller: Pod, { downstreamLocal }: AccessLogLine, one: Case): Lead[] {
  const [service] = servicesOf(one.target, one.evidence)
  if (service === undefined || !hasProxy(caller)) return []
  // Whoever calls a headless Service connects to the port that it asks for.
  const port = service.spec?.clusterIP === 'None' ? portOf(downstreamLocal) : undefined
  return hiddenFrom(caller, hostOfService(service), port, one)
}

/** True for a connection of which a sidecar that accepts plain text only could read nothing: what callers in the mesh speak to it is mutual TLS. */
function isUnread(callee: Pod | undefined, entry: AccessLogLine, evidence: Evidence): boolean {
  const port = portOf(entry.downstreamLocal)
  return (
    callee !== undefined &&
    port !== undefined &&
    entry.method === undefined &&
    (entry.details ?? '').includes('codec_error') &&
    mtlsInForce(callee, port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence)).mode === 'DISABLE'
  )
}

/**
 * True when the same pods answered others of these requests between the first that ended so and the last: of a protocol that they do not speak they would have answered
 * none.
 */
function answersOthers({ entry, group }: Sign, { followed: { requests } }: Case): boolean {
  const hosts = new Set(group.map((one) => nearest(one).entry.upstreamHost))
  const sent = requests.requests.filter((one) => hosts.has(nearest(one).entry.upstreamHost))
  const at = (one: Request): number => Date.parse(one.entry.at)
  const times = sent.filter((one) => nearest(one).entry.flags.join() === entry.flags.join()).map(at)
  const [first, last] = [Math.min(...times), Math.max(...times)]
  return sent.some((one) => answerOf(one) === 'answered' && at(one) > first && at(one) < last)
}

/** The two ends do not speak the same protocol, or TLS. */
export function protocol(sign: Sign, one: Case): Lead[] {
  const {
    evidence,
    followed: { way },
  } = one
  const { entry, pod } = sign
  const told = `${entry.failure ?? ''} ${entry.details ?? ''}`
  const cluster = parseClusterName(entry.upstreamCluster ?? '')
  const callee = pod ?? sign.at
  const isTls =
    /TLS_error|WRONG_VERSION|CERTIFICATE|ssl|filter_chain_not_found/i.test(told) || isUnread(callee, entry, evidence)
  if (isTls) {
    const from = way?.trace.callerPod ?? podAt(entry.downstreamRemote, evidence)
    const hidden = way === undefined && from !== undefined ? hiddenBehind(from, entry, one) : []
    if (hidden.length > 0) return hidden
    return from === undefined || callee === undefined
      ? []
      : tlsLeads(
          entry.upstreamCluster ?? '',
          from,
          callee,
          portOf(entry.upstreamHost) ?? portOf(entry.downstreamLocal) ?? 0,
          { host: way?.trace.question.host ?? '', port: way?.trace.sent.port ?? 0 },
          one,
        )
  }
  const caller = way?.trace.callerPod
  if (entry.code === 426 || told.includes('low_version')) {
    // A sidecar passes HTTP/1.0 on as it does bytes of any kind: who spoke it shows by its address alone.
    const speaker = caller ?? podAt(entry.downstreamRemote, evidence)
    return speaker === undefined || way?.trace.caller.kind === 'ingress'
      ? []
      : [
          {
            isDeeper: true,
            ...lead(
              'MESH0431',
              ownerOf(speaker, evidence),
              `it speaks HTTP/1.0, which sidecars do not accept: ${times(sign)} got ${value(entry.code)}`,
              'Make it speak HTTP/1.1',
            ),
          },
        ]
  }
  const isProtocol =
    entry.flags.includes('UPE') || /protocol_error|codec_error|http2|h2/.test(told) || entry.code === 426
  const closes =
    entry.flags.includes('UC') || entry.flags.includes('UR') || /connection_termination|remote_reset/.test(told)
  if (!isProtocol && (!closes || answersOthers(sign, one))) return []
  const own =
    cluster?.direction === 'outbound' ? cluster.host : (one.target.hosts.find((host) => !host.includes('*')) ?? '')
  const at = way?.trace.callerPod.metadata.namespace ?? pod?.metadata.namespace ?? ''
  const rules = rulesForCaller(allRules(evidence), own, at, rootNamespaceOf(evidence)).filter(({ spec }) =>
    /"h2UpgradePolicy":"UPGRADE"|"tls":/.test(JSON.stringify(spec ?? {})),
  )
  const services = servicesOf(one.target, evidence)
  const spoken = services.filter(({ spec }) =>
    (spec?.ports ?? []).some(({ name = '', appProtocol = '' }) =>
      /^(grpc|http2|h2c|tls|https)/.test(appProtocol === '' ? name : appProtocol),
    ),
  )
  // An entry says what is spoken to a host outside, and a rule whether TLS goes around it.
  const entries = entriesOf(own, evidence)
  const shaping = rulesOutside(own, evidence)
  const candidates: KubernetesObject[] = [
    ...rules,
    ...spoken,
    ...(entries.length === 0 ? [] : [...entries, ...shaping]),
  ]
  const taker = pod ?? (cluster?.direction === 'inbound' ? sign.at : undefined)
  const patched = [
    ...(caller === undefined
      ? []
      : patching(['CLUSTER'], way?.trace.caller.kind === 'ingress' ? 'GATEWAY' : 'SIDECAR_OUTBOUND', caller, evidence)),
    ...(taker === undefined ? [] : patching(['CLUSTER'], 'SIDECAR_INBOUND', taker, evidence)),
  ]
  const filters = evidence
    .objects('envoy-filters')
    .filter(
      (filter) =>
        patched.some((ref) => sameRef(ref, refOf(filter))) &&
        /http2|HttpProtocolOptions|explicit_http_config/i.test(JSON.stringify(filter.spec ?? {})),
    )
  if (filters.length > 0)
    return filters.map((filter) => ({
      isDeeper: true,
      ...lead(
        'MESH0431',
        refOf(filter),
        `it changes what protocol ${value((taker ?? caller)?.metadata.name ?? '')} speaks to what it sends requests to: ${times(sign)} ended with ${value(entry.flags.join(',') || String(entry.code))} (${value(entry.details ?? '')})`,
        'Make it change only the clusters it is for',
      ),
    }))
  const listener =
    taker === undefined
      ? undefined
      : ingressOf(taker, portOf(entry.downstreamLocal) ?? portOf(entry.upstreamHost), evidence)
  if (listener !== undefined && /^(GRPC|HTTP2)/i.test(listener.protocol))
    return [
      {
        isDeeper: true,
        ...lead(
          'MESH0431',
          refOf(listener.sidecar),
          `its ingress listener speaks ${value(listener.protocol)} to the application: ${times(sign)} ended with ${value(entry.flags.join(',') || String(entry.code))} (${value(entry.details ?? '')})`,
          'Make its ingress listener speak what the application speaks',
        ),
      },
    ]
  const blamed = newest(candidates)
  if (blamed !== undefined) {
    const found = lead(
      'MESH0431',
      refOf(blamed),
      `it makes callers speak another protocol than the application: ${times(sign)} ended with ${value(entry.flags.join(',') || String(entry.code))} (${value(entry.details ?? '')})`,
      'Make callers speak what the application speaks',
    )
    // That callers are made to speak HTTP/2 goes before what a Service declares of its port.
    const isUpgrade = isProtocol && JSON.stringify(blamed.spec ?? {}).includes('"h2UpgradePolicy":"UPGRADE"')
    return [isUpgrade ? { ...found, isDeeper: true } : found]
  }
  return []
}

/** The ingress listener that the pod's Sidecar has for a port. */
function ingressOf(
  pod: Pod,
  port: number | undefined,
  evidence: Evidence,
): { sidecar: Sidecar; protocol: string } | undefined {
  const sidecar = sidecarFor(pod, evidence.objects('sidecars'), rootNamespaceOf(evidence))
  const listeners = (sidecar?.spec?.ingress ?? []) as { port?: { number?: number; protocol?: string } }[]
  const listener = listeners.find((one) => one.port?.number === port)
  return sidecar === undefined || listener === undefined
    ? undefined
    : { sidecar, protocol: listener.port?.protocol ?? '' }
}

/** A DestinationRule that says how to speak to the host and does not act for this caller. */
export function ruleWithoutEffect(sign: Sign, { evidence, target, followed: { way } }: Case): Lead[] {
  const caller = way?.trace.callerPod
  const host = parseClusterName(sign.entry.upstreamCluster ?? '')?.host
  if (caller === undefined || host === undefined || !target.hosts.includes(host)) return []
  const at = caller.metadata.namespace ?? ''
  const used = rulesForCaller(allRules(evidence), host, at, rootNamespaceOf(evidence))
  const registry = registryOf(evidence)
  const isMisspelt = (named: string): boolean =>
    registry.of(named).length === 0 && nearestHosts(named, [host]).length > 0
  const ended = `${times(sign)} ended with ${value(sign.entry.flags.join(',') || String(sign.entry.code))}`
  return evidence
    .objects('destination-rules')
    .filter(
      (rule) =>
        (hostOfRule(rule) === host || isMisspelt(hostOfRule(rule))) &&
        rule.spec?.trafficPolicy?.tls !== undefined &&
        !used.includes(rule) &&
        used.every(({ spec }) => spec?.trafficPolicy?.tls === undefined),
    )
    .map((rule) => ({
      isDeeper: true,
      ...(hostOfRule(rule) === host
        ? lead(
            'MESH0431',
            refOf(rule),
            `it says how to speak to ${value(host)}, and has no effect for callers in namespace ${value(at)}: ${ended}`,
            `Export it to namespace ${value(at)}, or put it there`,
          )
        : lead(
            'MESH0431',
            refOf(rule),
            `it says how to speak to ${value(hostOfRule(rule))}, which is not registered, and ${value(host)} is nearest: ${ended}`,
            `Set its host to ${value(host)}`,
          )),
    }))
}
