import { rootNamespaceOf } from '../../checks/facts/root-namespace-of.ts'
import type { Pod } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { hasProxy, isAmbient } from '../../mesh/pods.ts'
import type { Ref } from '../../mesh/ref.ts'
import type { InboundEnd, InboundWalk } from '../../mesh/walk/inbound.ts'
import { walkInbound } from '../../mesh/walk/inbound.ts'
import type { Connection, Request } from '../../mesh/walk/request.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Callee } from './callee.ts'
import { selectsPod } from '../../mesh/authorization.ts'
import { connectionTo } from './callee.ts'
import { mtlsInForce } from '../../mesh/mutual-tls.ts'
import { mutualTlsTrouble } from './certificate.ts'
import { addingFilters } from './envoy-filters.ts'
import { authorizationPolicies, notesOf } from './listener-hop.ts'
import { quoteOf } from './piece.ts'
import type { Hop } from './report.ts'
import type { Trace } from './trace.ts'
import { proxyCommand, proxyOf, requestTo, whyUnseen } from './trace.ts'

/** The port a sidecar takes its pod's incoming connections on. */
const INBOUND_PORT = 15_006

const spoken = ({ tls, principal }: Connection): string =>
  tls === undefined ? 'plain text' : principal === undefined ? 'TLS' : `mTLS as ${principal}`

/** ALLOW policies of a pod that has no rule for the request. */
function allowing(pod: Pod, evidence: Evidence): Ref[] {
  return evidence
    .objects('authorization-policies')
    .filter(
      (one) =>
        ['ALLOW', undefined].includes(one.spec?.action as string | undefined) &&
        selectsPod(one, pod, rootNamespaceOf(evidence)),
    )
    .map(refOf)
}

/** What decides how the pod's port may be spoken to. */
function mtlsText(pod: Pod, port: number, evidence: Evidence): string {
  const { mode, policy } = mtlsInForce(pod, port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence))
  return policy === undefined
    ? 'no PeerAuthentication says otherwise: PERMISSIVE'
    : `PeerAuthentication ${policy.metadata.namespace ?? ''}/${policy.metadata.name} says ${mode}`
}

/** The PeerAuthentication that decides for the pod's port. */
function peerAuthentication(pod: Pod, port: number, evidence: Evidence): Ref[] {
  const { policy } = mtlsInForce(pod, port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence))
  return policy === undefined ? [] : [refOf(policy)]
}

/** Why the request ends at this proxy, and the objects that say so. */
function endOf(
  end: InboundEnd,
  { pod }: Pick<Callee, 'pod'>,
  { connection, isUnproxied }: Pick<Arriving, 'connection' | 'isUnproxied'>,
  evidence: Evidence,
): { says: string; objects: Ref[] } {
  const closed = isUnproxied === true ? '' : ', and the caller sees 503 UF or UC'
  const peer = peerAuthentication(pod, connection.port, evidence)
  switch (end.kind) {
    case 'no filter chain':
    case 'plaintext to a tls port':
      return {
        says: `The caller speaks ${spoken(connection)} to port ${connection.port}, and ${pod.metadata.name} accepts ${connection.tls === undefined ? 'mTLS only' : 'nothing of the kind'} (${mtlsText(pod, connection.port, evidence)}): the connection is closed${closed}.`,
        objects: peer,
      }
    case 'tls to a plaintext port':
      return {
        says: `The caller speaks ${spoken(connection)} to port ${connection.port}, and ${pod.metadata.name} accepts plain text there (${mtlsText(pod, connection.port, evidence)}): the caller sees ${isUnproxied === true ? 'a TLS error' : '503 UF with a TLS error'}.`,
        objects: peer,
      }
    case 'denied': {
      const { filter, says = 'the request is refused', status, kind } = end.answer
      const named = authorizationPolicies([end.answer])
      return {
        says: `The filter ${filter} answers ${status ?? 'by closing'}: ${says}.`,
        objects:
          named.length > 0
            ? named
            : kind === 'rbac'
              ? allowing(pod, evidence)
              : evidence
                  .objects('request-authentications')
                  .filter((one) => selectsPod(one, pod, rootNamespaceOf(evidence)))
                  .map(refOf),
      }
    }
    case 'no route':
      return { says: 'No route of the inbound listener matches the request: Envoy answers 404.', objects: [] }
    case 'black hole':
      return { says: `Port ${connection.port} is the proxy's own: it sends the connection nowhere.`, objects: [] }
  }
}

/** Says when the container declares other ports than the one that is asked: declared ports bind nothing, but they are a hint. */
function undeclared(pod: Pod, port: number): string[] {
  const declared = (pod.spec?.containers ?? [])
    .filter(({ name }) => name !== 'istio-proxy')
    .flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort))
  return declared.length === 0 || declared.includes(port)
    ? []
    : [
        `the pod's containers declare ${[...new Set(declared)].join(', ')}, not ${port}: whether the application listens there is not seen`,
      ]
}

function withoutProxy(
  callee: Pick<Callee, 'pod'>,
  connection: Connection,
  evidence: Evidence,
): Pick<Hop, 'ok' | 'sure' | 'says' | 'notes'> {
  const { pod } = callee
  if (isAmbient(pod))
    return {
      ok: true,
      sure: false,
      says: `${pod.metadata.name} has no sidecar: ztunnel receives the connection (ambient mode), which is not followed.`,
      notes: [],
    }
  const end = `port ${connection.port} of ${pod.metadata.name}, which has no sidecar`
  if (connection.principal !== undefined)
    return {
      ok: false,
      sure: true,
      says: `The caller speaks mTLS to ${end}: nothing there terminates it, and the caller sees 503 UF with a TLS error.`,
      notes: [],
    }
  const doubts = [
    ...undeclared(pod, connection.port),
    ...(connection.tls === undefined ? [] : ['whether it speaks TLS is not seen']),
  ]
  return {
    ok: true,
    sure: doubts.length === 0,
    says: `The caller speaks ${spoken(connection)} to ${end}: the application itself receives the request${doubts.map((one) => `; ${one}`).join('')}.`,
    notes: [
      ...(mtlsInForce(pod, connection.port, evidence.objects('peer-authentications'), rootNamespaceOf(evidence))
        .policy === undefined
        ? []
        : ['PeerAuthentications do not act on a pod without a proxy']),
    ],
  }
}

const chainPiece = ({ listener, chain }: InboundWalk): unknown => {
  if (chain?.chain === undefined)
    return {
      name: listener?.name,
      filterChains: (listener?.filterChains ?? []).map(({ filterChainMatch }) => filterChainMatch ?? {}),
    }
  const { name, filterChainMatch, transportSocket, filters = [] } = chain.chain
  return {
    name,
    match: filterChainMatch,
    transportSocket: transportSocket?.name,
    filters: filters.map((filter) => ({
      name: filter.name,
      httpFilters: (filter.typedConfig?.httpFilters as { name?: string }[] | undefined)?.map((one) => one.name),
    })),
  }
}

/** What comes to a callee's pod. */
export interface Arriving {
  connection: Connection
  /** What is inside mTLS. */
  inside: 'http' | 'tls'
  request: Request
  /** What is not known of the request. */
  unsure: readonly string[]
  /** Why mTLS fails all the same; only asked where the caller shows an identity. */
  trouble?: () => string | undefined
  /** True for a caller without a proxy. */
  isUnproxied?: true
}

/** The hop at one callee of a caller's proxy: the callee's own proxy's inbound side, down to the application's port. */
export function inboundHop(callee: Callee, trace: Trace): Hop {
  const trouble = (): string | undefined => mutualTlsTrouble(callee.pod, trace)
  return hopInto(
    callee,
    { ...connectionTo(callee, trace), ...requestTo(callee.cluster, trace), trouble },
    trace.evidence,
    trace.context,
  )
}

/** The hop at one pod, for what arrives there. */
export function hopInto(callee: Pick<Callee, 'pod'>, arriving: Arriving, evidence: Evidence, context?: string): Hop {
  const { pod } = callee
  const ref = refOf(pod)
  const { connection, inside, request, unsure } = arriving
  const about = {
    stage: 'inbound' as const,
    name: pod.metadata.name,
    objects: [ref],
    command: proxyCommand('listeners', ref, { port: INBOUND_PORT }, context),
  }
  if (!hasProxy(pod))
    return {
      ...about,
      ...withoutProxy(callee, connection, evidence),
      command: `kubectl get pod ${ref.name} -n ${ref.namespace ?? ''} -o yaml${context === undefined ? '' : ` --context ${context}`}`,
    }
  const proxy = proxyOf(ref, evidence)
  if (proxy.listeners === undefined)
    return {
      ...about,
      ok: false,
      sure: false,
      notes: [],
      says: `The listeners of ${ref.name} could not be seen: ${whyUnseen('inbound', ref, evidence)}.`,
    }
  const walk = walkInbound(proxy, connection, request)
  const { listener, chain, ends, answers, clusterName, port } = walk
  if (listener === undefined)
    return {
      ...about,
      ok: true,
      sure: false,
      notes: [],
      says: `${ref.name} does not capture incoming connections: connections to port ${connection.port} reach the application itself.`,
    }
  const notes = [
    ...(chain?.unknown ?? []).map((filter) => `the filter ${filter} was skipped: what it does is not known here`),
    ...notesOf(answers),
    ...unsure,
    ...(chain?.unsure ?? []),
  ]
  const added = addingFilters([...(chain?.unknown ?? []), ...answers.map(({ filter }) => filter)], pod, evidence)
  const whole = { ...about, notes, quote: quoteOf(chainPiece(walk)) }
  if (ends !== undefined) {
    const { says, objects } = endOf(ends, callee, arriving, evidence)
    return {
      ...whole,
      ok: false,
      sure: unsure.length === 0 || ends.kind !== 'denied',
      says,
      objects: [ref, ...objects],
      ...(ends.kind === 'denied' && { refusedBy: ends.answer.filter }),
    }
  }
  const trouble = connection.principal === undefined ? undefined : arriving.trouble?.()
  if (trouble !== undefined) return { ...whole, ok: false, sure: true, says: trouble }
  if (inside === 'tls' && chain?.ending?.kind === 'http')
    return {
      ...whole,
      ok: false,
      sure: true,
      says: `Inside mTLS the client speaks TLS of its own, and ${ref.name} reads HTTP on port ${connection.port}: the proxy answers 400 (DPE) or closes the connection.`,
    }
  const passes = answers.every(({ passes: answer }) => answer === 'yes')
  const doubts = port === undefined ? [] : undeclared(pod, port)
  return {
    ...whole,
    ok: true,
    sure: passes && (chain?.unsure ?? []).length === 0 && port !== undefined && doubts.length === 0,
    objects: [ref, ...peerAuthentication(pod, connection.port, evidence), ...authorizationPolicies(answers), ...added],
    says:
      port === undefined
        ? `${listener.name ?? 'The inbound listener'} accepts ${spoken(connection)}; where it sends the request is not known here.`
        : `${listener.name ?? 'The inbound listener'} accepts ${spoken(connection)} and hands the request to port ${port} of the application${clusterName === undefined ? '' : ` (${clusterName})`}${doubts.map((one) => `; ${one}`).join('')}.`,
  }
}
