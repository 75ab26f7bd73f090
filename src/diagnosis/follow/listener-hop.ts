import { servicesInFront } from '../../checks/facts/owners.ts'
import type { Listener } from '../../mesh/envoy.ts'
import { hostMatches, gatewayHost } from '../../mesh/host.ts'
import { refOf } from '../../mesh/objects.ts'
import type { FilterAnswer } from '../../mesh/walk/filter-answer.ts'
import type { ChainWalk } from '../../mesh/walk/chain-walk.ts'
import { authorizationPolicyOf } from '../../mesh/walk/rbac.ts'
import type { TlsMismatch } from '../../mesh/walk/tls-mismatch.ts'
import type { Ref } from '../../mesh/ref.ts'
import { formatRef } from '../../mesh/ref.ts'
import { certificateOf } from './certificate.ts'
import { gatewaysOf } from './destination.ts'
import { addingFilters, expectingProxyProtocol } from './envoy-filters.ts'
import { quoteOf } from './piece.ts'
import type { Hop } from './report.ts'
import type { Trace } from './trace.ts'
import { proxyCommand, whyUnseen } from './trace.ts'
import { servicesWithoutPort } from './way-in.ts'
import { defined } from '../../mesh/defined.ts'

const addressText = ({ address, name = '' }: Listener): string => {
  const { address: ip, portValue } = address?.socketAddress ?? {}
  return ip === undefined || portValue === undefined ? name : `${ip}:${portValue}`
}

/** The AuthorizationPolicies behind RBAC policies, each once. */
export function authorizationPolicies(answers: readonly FilterAnswer[]): Ref[] {
  const refs = answers
    .flatMap(({ policies = [] }) => policies)
    .flatMap((policy) => {
      const found = authorizationPolicyOf(policy)
      return found === undefined ? [] : [{ kind: 'AuthorizationPolicy', namespace: found.namespace, name: found.name }]
    })
  return refs.filter(
    (ref, index) => refs.findIndex(({ namespace, name }) => namespace === ref.namespace && name === ref.name) === index,
  )
}

/** The Gateways that opened the port for the host. */
function openedBy({ caller, callerPod, evidence, question, sent }: Trace): Ref[] {
  if (caller.kind !== 'ingress') return []
  return gatewaysOf(callerPod, evidence)
    .filter(({ spec }) =>
      (spec?.servers ?? []).some(
        ({ hosts = [], port }) =>
          port?.number === sent.port && hosts.some((one) => hostMatches(gatewayHost(one).host, question.host)),
      ),
    )
    .map(refOf)
}

/** What the filters said that stops no request. */
export const notesOf = (answers: readonly FilterAnswer[]): string[] => [
  ...new Set(
    answers.filter(({ passes, kind }) => passes !== 'no' || kind === 'fault').flatMap(({ says }) => says ?? []),
  ),
]

/** What filters of the listener stop a request on every route, or may. Faults belong to the route that injects them. */
function listenerAnswers({ walk }: Trace): { stop?: FilterAnswer; answers: FilterAnswer[] } {
  const branches = walk.route?.branches ?? []
  const answers = [...(walk.chain?.answers ?? []), ...(branches[0]?.answers ?? walk.route?.answers ?? [])].filter(
    ({ kind }) => kind !== 'fault',
  )
  const everywhere = branches.every((branch) =>
    branch.answers.some(({ passes, kind }) => passes === 'no' && kind !== 'fault'),
  )
  const stop =
    (walk.chain?.answers ?? []).find(({ passes }) => passes === 'no') ??
    (everywhere ? answers.find(({ passes }) => passes === 'no') : undefined)
  return { answers, ...defined({ stop }) }
}

function closed({ sent: { connection }, walk }: Trace): string {
  const { detected } = walk.chain ?? {}
  const what =
    detected === undefined
      ? 'the connection'
      : detected.transport === 'tls'
        ? `TLS${detected.sni === undefined ? ' without a server name' : ` for ${detected.sni}`}`
        : connection.tls === undefined
          ? 'plain text'
          : 'TLS (which this listener does not look into)'
  return `No filter chain of this listener matches ${what}: Envoy closes the connection (NR filter_chain_not_found).`
}

const MISMATCHES: Readonly<Record<TlsMismatch, string>> = {
  'tls to a plaintext port':
    'The client speaks TLS, and this listener reads HTTP in plain text: Envoy answers 400 (DPE http1.codec_error), which the client takes for a TLS error.',
  'plaintext to a tls port':
    'The client speaks plain text, and this listener terminates TLS: the handshake fails, and Envoy closes the connection.',
}

/** True when the filter chain takes no TLS of a client that shows no certificate. */
const asksForCertificate = ({ chain }: ChainWalk): boolean =>
  chain?.transportSocket?.typedConfig?.requireClientCertificate === true

/** The hop at the listener of the caller's proxy that takes the connection. */
export function listenerHop(trace: Trace): Hop {
  const {
    caller: { pod },
    callerPod,
    evidence,
    context,
    proxy,
    sent: { connection },
    walk: { listener, chain, mismatch },
  } = trace
  const objects = openedBy(trace)
  const about = {
    stage: 'listener' as const,
    objects,
    notes: [] as string[],
    command: proxyCommand('listeners', pod, { port: connection.port }, context),
  }
  if (proxy.listeners === undefined)
    return {
      ...about,
      ok: false,
      sure: false,
      name: `port ${connection.port}`,
      says: `The listeners of ${pod.name} could not be seen: ${whyUnseen('listener', pod, evidence)}.`,
    }
  if (listener === undefined || chain === undefined) {
    // A gateway is reached at whatever port something in front of it leads to.
    const isReached = trace.caller.kind !== 'ingress' || servicesInFront(callerPod, evidence).length > 0
    return {
      ...about,
      ok: false,
      sure: isReached,
      name: `port ${connection.port}`,
      says: `Nothing in ${pod.name} listens on port ${connection.port}${isReached ? ': the connection is refused' : ', and no Service selects it that would say at which of its ports it is reached'}.`,
    }
  }
  const { ending } = chain
  const name = listener.listener.name ?? addressText(listener.listener)
  const command = proxyCommand(
    'listeners',
    pod,
    { port: listener.listener.address?.socketAddress?.portValue ?? connection.port },
    context,
  )
  const { stop, answers } = listenerAnswers(trace)
  const certificate = certificateOf(trace)
  const notes = [
    ...(listener.captured === undefined
      ? []
      : [
          `${listener.captured.name ?? 'the virtual outbound listener'} (${addressText(listener.captured)}) receives every connection that leaves the pod and hands this one over`,
        ]),
    ...chain.unknown.map((filter) => `the filter ${filter} was skipped: what it does is not known here`),
    ...notesOf(answers),
    ...chain.unsure,
    ...(certificate.note === undefined ? [] : [certificate.note]),
  ]
  const whole = {
    ...about,
    name,
    command,
    notes,
    objects: [
      ...objects,
      ...authorizationPolicies(answers),
      ...addingFilters([...chain.unknown, ...answers.map(({ filter }) => filter)], callerPod, evidence),
    ],
    quote: quoteOf(chainPiece(trace)),
  }
  const filters = (listener.listener.listenerFilters ?? []).filter(({ name = '' }) => name.includes('proxy_protocol'))
  const expecting = filters.length > 0 ? expectingProxyProtocol(callerPod, evidence) : []
  if (expecting.length > 0)
    return {
      ...whole,
      objects: expecting,
      ok: false,
      sure: true,
      says: `This listener expects the PROXY protocol, which a plain client does not speak: Envoy closes the connection.`,
    }
  const closedServices = servicesWithoutPort(trace)
  if (closedServices.length > 0) {
    return {
      ...whole,
      objects: [...objects, ...closedServices],
      ok: false,
      sure: true,
      says: `${pod.name} listens on port ${trace.sent.port}, and no Service in front of it has that port (${closedServices.map(formatRef).join(', ')}): it cannot be reached from outside.`,
    }
  }
  if (chain.chain === undefined || ending === undefined || ending.kind === 'none')
    return { ...whole, ok: false, sure: chain.unsure.length === 0, says: closed(trace) }
  if (mismatch !== undefined)
    return { ...whole, ok: false, sure: chain.unsure.length === 0, says: MISMATCHES[mismatch] }
  if (stop !== undefined)
    return {
      ...whole,
      ok: false,
      sure: true,
      says: `The filter ${stop.filter} answers ${stop.status ?? 'by closing'}: ${stop.says ?? 'the request is refused'}.`,
    }
  if (certificate.trouble !== undefined) return { ...whole, ok: false, sure: true, says: certificate.trouble }
  const asked = asksForCertificate(chain)
  const unsure = asked || chain.unsure.length > 0 || answers.some(({ passes }) => passes === 'maybe')
  const takes = chain.isDefault ? 'accepts the connection with its default filter chain' : 'accepts the connection'
  if (ending.kind === 'unknown')
    return {
      ...whole,
      ok: true,
      sure: false,
      says: `${addressText(listener.listener)} ${takes}, and passes it to ${ending.name}, which is not known here.`,
    }
  return {
    ...whole,
    ok: true,
    sure: !unsure,
    says: `${addressText(listener.listener)} ${takes}${connection.tls === undefined ? '' : chain.chain.transportSocket === undefined ? ' without terminating its TLS' : ' and terminates its TLS'}, ${ending.kind === 'http' ? `as HTTP routed by ${ending.manager.rds?.routeConfigName ?? ending.manager.routeConfig?.name ?? 'routes of its own'}` : 'as TCP'}${asked ? "; it asks for the client's certificate: whether it has one is not known" : ''}.`,
  }
}

/** The chain that took the connection; all matches when none did. */
function chainPiece({ walk: { listener, chain } }: Trace): unknown {
  const { name, address, filterChains = [] } = listener?.listener ?? {}
  if (chain?.chain === undefined)
    return { name, address, filterChains: filterChains.map(({ filterChainMatch }) => filterChainMatch ?? {}) }
  const { filterChainMatch, filters = [] } = chain.chain
  const last = filters.at(-1)
  return {
    name,
    address,
    [chain.isDefault ? 'defaultFilterChain' : 'filterChain']: {
      ...defined({ match: filterChainMatch }),
      filters: [...filters.slice(0, -1).map((one) => one.name), { name: last?.name, ...routedBy(last?.typedConfig) }],
    },
  }
}

const routedBy = ({
  rds,
  routeConfig,
  cluster,
  weightedClusters,
  httpFilters,
}: Record<string, unknown> = {}): object => ({
  rds,
  cluster,
  weightedClusters,
  ...(routeConfig !== undefined && { routeConfig: (routeConfig as { name?: string }).name }),
  httpFilters,
})
