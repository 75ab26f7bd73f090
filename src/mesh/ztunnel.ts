import { isFields, type Fields } from './fields.ts'
import { defined } from './defined.ts'

/** One workload as a ztunnel knows it; every ztunnel knows those of the whole mesh. */
export interface ZtunnelWorkload {
  /** `CLUSTER//Pod/NAMESPACE/NAME` for a pod. */
  uid: string
  name: string
  namespace: string
  addresses: string[]
  /** `HBONE`: its side takes tunnels; `TCP`: it is sent plain text. */
  protocol: string
  node: string
  /** `NETWORK/ADDRESS` or `NAMESPACE/HOST` of its waypoint. */
  waypoint?: string
  /** `Healthy` or `Unhealthy`. */
  status: string
  serviceAccount: string
  /** `NAMESPACE/NAME` of policies that select it. */
  policies: string[]
}

/** One Service or ServiceEntry as a ztunnel knows it. */
export interface ZtunnelService {
  name: string
  namespace: string
  hostname: string
  waypoint?: string
  /** The uid of each workload behind it. */
  workloads: string[]
}

/** One policy that ztunnel enforces. */
export interface ZtunnelPolicy {
  name: string
  namespace: string
  /** `Global`, `Namespace` or `WorkloadSelector`. */
  scope: string
  action: string
  /** One of the rules, each of whose clauses must hold, of each of which one match must. */
  rules: unknown[][][]
}

/** The certificate that a ztunnel has, or wants, for an identity of its node. */
export interface ZtunnelCertificate {
  identity: string
  /** `Available`, `Initializing` or `Unavailable`. */
  state: string
  /** Why it is not available. */
  reason?: string
  /** ISO times; of the leaf. */
  validFrom?: string
  expires?: string
}

/** A pod of the ztunnel's own node that it serves. */
export interface ZtunnelCaptured {
  name: string
  namespace: string
  /** `Up` or `Pending`. */
  state: string
  inbound: ZtunnelPeer[]
  outbound: ZtunnelPeer[]
}

/** An open connection of a captured pod. */
export interface ZtunnelPeer {
  source: string
  /** What the client asked for: an address or a host. */
  asked?: string
  destination: string
  protocol: string
}

/** What one ztunnel knows: all but the last two of the whole mesh, these of its own node. */
export interface ZtunnelConfig {
  workloads: ZtunnelWorkload[]
  services: ZtunnelService[]
  policies: ZtunnelPolicy[]
  certificates: ZtunnelCertificate[]
  captured: ZtunnelCaptured[]
}

/** What is missing is nothing; what is of another type is no answer. */
function unlessMissing<T>(value: unknown, is: (value: unknown) => value is T, expected: string): T | undefined {
  if (value === undefined || value === null) return undefined
  if (!is(value)) throw new SyntaxError(`expected ${expected} in a ztunnel's configuration, found ${typeof value}`)
  return value
}
const isText = (value: unknown): value is string => typeof value === 'string'
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)

const fields = (value: unknown): Fields => unlessMissing(value, isFields, 'an object') ?? {}
const text = (value: unknown): string => unlessMissing(value, isText, 'text') ?? ''
const some = (value: unknown): string | undefined => text(value) || undefined
const texts = (value: unknown): string[] => unlessMissing(value, isTexts, 'a list of texts') ?? []

/** A collection that versions print as a list or as an object with keys of its own. */
function entries(value: unknown, name: string): Fields[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value.map(fields)
  if (isFields(value)) return Object.values(value).map(fields)
  throw new SyntaxError(`expected a collection of ${name} in a ztunnel's configuration`)
}

const workloadOf = (one: Fields): ZtunnelWorkload => ({
  uid: text(one.uid),
  name: text(one.name),
  namespace: text(one.namespace),
  addresses: texts(one.workloadIps),
  protocol: text(one.protocol),
  node: text(one.node),
  ...defined({ waypoint: some(fields(one.waypoint).destination) }),
  status: text(one.status),
  serviceAccount: text(one.serviceAccount),
  policies: texts(one.authorizationPolicies),
})

const serviceOf = (one: Fields): ZtunnelService => ({
  name: text(one.name),
  namespace: text(one.namespace),
  hostname: text(one.hostname),
  ...defined({ waypoint: some(fields(one.waypoint).destination) }),
  workloads: entries(one.endpoints, 'endpoints').flatMap(({ workloadUid }) => some(workloadUid) ?? []),
})

const policyOf = (one: Fields): ZtunnelPolicy => ({
  name: text(one.name),
  namespace: text(one.namespace),
  scope: text(one.scope),
  action: text(one.action),
  rules: Array.isArray(one.rules) ? (one.rules as unknown[][][]) : [],
})

/** A state with its reason: `Unavailable: REASON`, or an object of both. */
function stateOf(value: unknown): Pick<ZtunnelCertificate, 'state' | 'reason'> {
  const [name, said] = isFields(value) ? (Object.entries(value)[0] ?? ['', undefined]) : [text(value), undefined]
  const [state = '', ...rest] = name.split(': ')
  return { state, ...defined({ reason: some(said) ?? some(rest.join(': ')) }) }
}

function certificateOf(one: Fields): ZtunnelCertificate {
  const [leaf] = entries(one.certChain, 'certificates')
  return {
    identity: text(one.identity),
    ...stateOf(one.state),
    ...defined({ validFrom: some(leaf?.validFrom), expires: some(leaf?.expirationTime) }),
  }
}

const peerOf = (one: Fields): ZtunnelPeer => ({
  source: text(one.src),
  ...defined({ asked: some(one.originalDst) }),
  destination: text(one.actualDst),
  protocol: text(one.protocol),
})

function capturedOf(one: Fields): ZtunnelCaptured {
  const { inbound, outbound } = fields(one.connections)
  const { name, namespace } = fields(one.info)
  return {
    name: text(name),
    namespace: text(namespace),
    state: text(one.state),
    inbound: entries(inbound, 'connections').map(peerOf),
    outbound: entries(outbound, 'connections').map(peerOf),
  }
}

/**
 * Reads a ztunnel's `/config_dump`, as `istioctl ztunnel-config all POD -o json` hands it on: older versions key workloads and services by
 * network and address or by host, newer ones list them.
 *
 * @throws {SyntaxError} when it is not that
 */
export function parseZtunnelConfig(dump: string): ZtunnelConfig {
  const parsed: unknown = JSON.parse(dump)
  if (!isFields(parsed) || !('workloads' in parsed)) throw new SyntaxError("expected a ztunnel's configuration")
  return {
    workloads: entries(parsed.workloads, 'workloads').map(workloadOf),
    services: entries(parsed.services, 'services').map(serviceOf),
    policies: entries(parsed.policies, 'policies').map(policyOf),
    certificates: entries(parsed.certificates, 'certificates').map(certificateOf),
    captured: entries(parsed.workloadState ?? parsed.workloadstate, 'captured pods').map(capturedOf),
  }
}
