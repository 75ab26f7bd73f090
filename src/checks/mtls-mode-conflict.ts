import { rootNamespaceOf } from './facts/root-namespace-of.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { originOf, parseClusterName } from '../mesh/envoy.ts'
import { clientTls, rulesInForce } from '../mesh/destination-rules.ts'
import { fromFqdn } from '../mesh/host.ts'
import type { MtlsInForce } from '../mesh/mutual-tls.ts'
import { mtlsInForce, passesSidecar } from '../mesh/mutual-tls.ts'
import type { DestinationRule, PeerAuthentication, Pod, Service } from '../mesh/objects.ts'
import { latestChange, refOf, selects } from '../mesh/objects.ts'
import { containerPort, hasEnded, hasProxy, isAmbient } from '../mesh/pods.ts'
import { formatRef, sameRef } from '../mesh/ref.ts'
import type { Target } from '../mesh/target.ts'
import type { Spoken } from '../mesh/transport.ts'
import { answerOf, spokenTo } from '../mesh/transport.ts'
import type { Found, Proof } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { connectionsRefused } from './facts/connections-refused.ts'
import { podsOf } from './facts/owners.ts'
import { observed } from './facts/traffic-of.ts'
import { readingFor } from './facts/readings.ts'

/** Callers are told to speak what the target's sidecars do not take: a DestinationRule's TLS mode against a PeerAuthentication's, port by port. */
export const mtlsModeConflict = defineCheck({
  name: 'mtls-mode-conflict',
  about: 'the TLS mode that DestinationRules make callers use is one that the sidecars accept',
  needs: ['destination-rules', 'peer-authentications', 'services', 'pods'],
  confirms: ['clusters', 'listeners', 'access-log'],
  problems: {
    MESH0501: {
      severity: 'error',
      title: 'TLS modes in conflict',
      explains: ['MESH0401', 'MESH0403', 'MESH0404', 'MESH0455'],
      says: '{subject} makes callers of {host} use {speaks} (mode {mode}, port {ports}), and {policy} makes its pods accept {takes}',
      remedy:
        'Remove the tls mode from {subject}, so that Istio chooses what each pod accepts; or change {policy} if that is what you want.',
    },
  },
  run(evidence, target) {
    const pods = podsOf(target, evidence).filter(
      (pod) => hasProxy(pod) && !isAmbient(pod) && !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined,
    )
    return target.hosts.flatMap((host) => {
      const { name = '', namespace = '' } = fromFqdn(host) ?? {}
      const service = evidence.object('services', namespace, name)
      if (service === undefined) return []
      return rulesInForce(evidence.objects('destination-rules'), host).flatMap((rule): Found[] => {
        const callers = callersOnce(evidence)
        const conflicts = linesTo(rule, host, service, pods).flatMap((line) => conflictOn(line, evidence, callers))
        return conflicts.length === 0 ? [] : [found(rule, conflicts as [Conflict, ...Conflict[]], evidence, target)]
      })
    })
  },
})

type Mode = 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL'
const SPOKEN: Readonly<Record<Mode, Exclude<Spoken, 'automatic'>>> = {
  DISABLE: 'plaintext',
  SIMPLE: 'tls',
  MUTUAL: 'tls',
  ISTIO_MUTUAL: 'mutual',
}
const SPEAKS = {
  plaintext: 'plain text',
  tls: "TLS without Istio's own certificates",
  mutual: "Istio's mutual TLS",
} as const
const TAKES = {
  STRICT: "Istio's mutual TLS only",
  DISABLE: 'plain text only',
  PERMISSIVE: "plain text or Istio's mutual TLS only",
} as const

/** What a DestinationRule makes callers speak to one pod's port. */
interface Line {
  rule: DestinationRule
  host: string
  mode: Mode
  /** The Service's port, and the pod's own. */
  port: number
  inner: number
  subset: string
  pod: Pod
}
interface Conflict extends Line {
  takes: MtlsInForce
  live: Proof[]
  against: Proof[]
}

function linesTo(rule: DestinationRule, host: string, service: Service, pods: readonly Pod[]): Line[] {
  const subsets = [{ name: '', labels: undefined }, ...(rule.spec?.subsets ?? [])]
  return (service.spec?.ports ?? [])
    .filter(({ protocol }) => protocol !== 'UDP')
    .flatMap(({ port, targetPort = port }) =>
      subsets.flatMap(({ name, labels }) => {
        const mode = clientTls(rule, port, name)?.mode
        if (mode === undefined) return []
        return pods
          .filter((pod) => Object.keys(labels ?? {}).length === 0 || selects(labels, pod.metadata.labels))
          .flatMap((pod): Line[] => {
            const inner = containerPort(pod, targetPort)
            return inner === undefined || !passesSidecar(pod, inner)
              ? []
              : [{ rule, host, mode, port, inner, subset: name, pod }]
          })
      }),
    )
}

/** Objects alone say so of STRICT against all but Istio's own mutual TLS, and of DISABLE against just that; of the other pairs only the sidecar can tell. */
function conflictOn(line: Line, evidence: Evidence, callersFor: (line: Line) => Callers): Conflict[] {
  const { mode, pod, inner } = line
  const spoken = SPOKEN[mode]
  const takes = mtlsInForce(pod, inner, evidence.objects('peer-authentications'), rootNamespaceOf(evidence))
  const certain = (takes.mode === 'STRICT' && spoken !== 'mutual') || (takes.mode === 'DISABLE' && spoken === 'mutual')
  const listeners = evidence.seenOf('listeners', refOf(pod))
  const answer = listeners === undefined ? undefined : answerOf(listeners.value, inner, spoken)
  const possible = spoken === 'tls' && takes.mode !== 'STRICT'
  if (!certain && !(possible && answer === 'refused')) return []
  const says = `the sidecar of ${pod.metadata.name} ${answer === 'refused' ? `accepts no connection to port ${inner} that speaks ${SPEAKS[spoken]}` : `accepts ${SPEAKS[spoken]} at port ${inner}`}`
  const callee =
    listeners === undefined || answer === undefined
      ? []
      : [proof(listeners, answer === 'refused' ? says : `contradicted: ${says}`)]
  const callers = callersFor(line)
  const live = answer === 'refused' && callers.speaking.length > 0 ? [...callers.speaking, ...callee] : []
  const against =
    answer !== undefined && answer !== 'refused' ? callee : callers.speaking.length === 0 ? callers.others : []
  return [{ ...line, takes, live, against }]
}

/** Proxies whose cluster was made from a rule and speaks what it says, and those whose cluster speaks something else. */
interface Callers {
  speaking: Proof[]
  others: Proof[]
}

/** The callers of a rule's lines: the same for all pods behind a port. */
function callersOnce(evidence: Evidence): (line: Line) => Callers {
  const known = new Map<string, Callers>()
  return (line) => {
    const key = JSON.stringify([line.port, line.subset, line.mode])
    let callers = known.get(key)
    if (callers === undefined) known.set(key, (callers = callersOf(line, evidence)))
    return callers
  }
}

function callersOf({ rule, host, port, subset, mode }: Line, evidence: Evidence): Callers {
  const readings = evidence.seen('clusters').flatMap((reading) => {
    const cluster = reading.value.find(({ name = '', metadata }) => {
      const parsed = parseClusterName(name)
      const origin = originOf(metadata)
      return (
        parsed?.direction === 'outbound' &&
        parsed.host === host &&
        parsed.port === port &&
        parsed.subset === subset &&
        origin !== undefined &&
        sameRef(origin, refOf(rule))
      )
    })
    return cluster === undefined ? [] : [{ reading, cluster, spoken: spokenTo(cluster) }]
  })
  const who = (reading: { of?: { name: string } }): string => reading.of?.name ?? 'a proxy'
  return {
    speaking: readings
      .filter(({ spoken }) => spoken === SPOKEN[mode])
      .map(({ reading, cluster, spoken }) =>
        proof(reading, `${who(reading)} speaks ${SPEAKS[spoken as keyof typeof SPEAKS]} to ${cluster.name ?? ''}`),
      ),
    others: readings
      .filter(({ spoken }) => spoken !== SPOKEN[mode])
      .map(({ reading, cluster, spoken }) =>
        proof(
          reading,
          `contradicted: ${who(reading)} speaks ${spoken === 'automatic' ? 'what each pod accepts' : SPEAKS[spoken]} to ${cluster.name ?? ''}`,
        ),
      ),
  }
}

function found(
  rule: DestinationRule,
  all: readonly [Conflict, ...Conflict[]],
  evidence: Evidence,
  target: Target,
): Found {
  // What the proxies confirm counts; what they contradict only when nothing is confirmed.
  const confirmed = all.filter(({ live }) => live.length > 0)
  const conflicts = confirmed.length > 0 ? confirmed : all
  const [{ host, mode, takes }] = conflicts as [Conflict, ...Conflict[]]
  const policies = [...new Set(conflicts.flatMap((one) => one.takes.policy ?? []))]
  const live = unique(confirmed.flatMap((one) => one.live))
  const seen = live.length === 0 ? [] : failures(conflicts, policies, evidence)
  return {
    code: 'MESH0501',
    standing: seen.length > 0 ? 'observed' : live.length > 0 ? 'live' : 'configured',
    subject: refOf(rule),
    args: {
      host,
      mode,
      speaks: SPEAKS[SPOKEN[mode]],
      takes: TAKES[takes.mode],
      policy: policyText(takes.policy),
      ports: [...new Set(conflicts.map(({ port }) => String(port)))],
    },
    because: [
      proof(readingFor('destination-rules', evidence), `${formatRef(refOf(rule))} has tls mode ${mode} for ${host}`),
      ...policies.map((policy) =>
        proof(readingFor('peer-authentications', evidence), `${formatRef(refOf(policy))} has mtls mode ${takes.mode}`),
      ),
      ...live,
      ...(live.length === 0 ? unique(conflicts.flatMap(({ against }) => against)) : []),
      ...seen,
    ],
    scope: [...target.hosts, formatRef(refOf(rule))],
  }
}

const policyText = (policy: PeerAuthentication | undefined): string =>
  policy === undefined ? "Istio's default" : formatRef(refOf(policy))
const unique = (proofs: readonly Proof[]): Proof[] =>
  proofs.filter((one, index) => proofs.findIndex(({ says }) => says === one.says) === index)

/** Failures at the callers and connections the sidecars did not take, since either object last changed. */
function failures(
  conflicts: readonly Conflict[],
  policies: readonly PeerAuthentication[],
  evidence: Evidence,
): Proof[] {
  const moment = latestChange([...conflicts.map(({ rule }) => rule), ...policies])
  const [{ mode, host }] = conflicts as [Conflict, ...Conflict[]]
  const atCallers =
    SPOKEN[mode] === 'plaintext'
      ? observed(evidence, [host], moment, 'were cut off by the sidecar they went to', ({ flags }) =>
          flags.includes('UC'),
        )
      : observed(
          evidence,
          [host],
          moment,
          'failed in the TLS handshake',
          ({ flags, failure = '' }) => flags.includes('UF') && failure.includes('TLS'),
        )
  if (atCallers.length === 0) return []
  return [
    ...atCallers,
    ...connectionsRefused(
      conflicts.map(({ pod }) => pod),
      moment,
      evidence,
    ).map(({ proof: refused }) => refused),
  ]
}
