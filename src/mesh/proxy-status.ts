import { defined } from './defined.ts'
import { inShape } from './shape/answer.ts'
import { table } from './table.ts'
/** How far one proxy has taken what istiod sent it. */
export interface ProxySync {
  /** Pod name and namespace. */
  name: string
  namespace: string
  version?: string
  /** Pod name of the istiod it is connected to, and that istiod's version. */
  istiod?: string
  istiodVersion?: string
  types: { type: XdsType; status: SyncStatus; lastUpdated?: string; error?: string }[]
}
export type XdsType = 'CDS' | 'LDS' | 'RDS' | 'EDS' | 'ECDS' | (string & {})
export type SyncStatus = 'SYNCED' | 'STALE' | 'NOT_SENT' | 'ERROR' | 'UNKNOWN' | 'IGNORED' | (string & {})

const TYPES: Readonly<Record<string, XdsType>> = table({
  'envoy.config.cluster.v3.Cluster': 'CDS',
  'envoy.config.listener.v3.Listener': 'LDS',
  'envoy.config.route.v3.RouteConfiguration': 'RDS',
  'envoy.config.endpoint.v3.ClusterLoadAssignment': 'EDS',
  'envoy.config.core.v3.TypedExtensionConfig': 'ECDS',
})

/** What one istiod says of its proxies. */
export interface DiscoveryStatus {
  resources?: {
    node?: { id?: string; metadata?: { ISTIO_VERSION?: string; NAMESPACE?: string } }
    genericXdsConfigs?: {
      typeUrl?: string
      configStatus?: string
      lastUpdated?: string
      errorState?: { details?: string }
    }[]
  }[]
  controlPlane?: { identifier?: string }
}

/** Splits concatenated JSON documents, as `istioctl proxy-status -o json` prints one per istiod. Throws SyntaxError on text that is not JSON. */
export function parseJsonDocuments(text: string): unknown[] {
  const documents: unknown[] = []
  let depth = 0
  let start = -1
  let inString = false
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i]
    if (inString) {
      if (char === '\\') i += 1
      else if (char === '"') inString = false
    } else if (char === '"' && depth > 0) inString = true
    else if (char === '{' || char === '[') {
      if (depth === 0) start = i
      depth += 1
    } else if (char === '}' || char === ']') {
      depth -= 1
      if (depth < 0) throw new SyntaxError(`not JSON: ${text.slice(i, i + 80)}`)
      if (depth === 0 && start !== -1) {
        documents.push(JSON.parse(text.slice(start, i + 1)))
        start = -1
      }
    } else if (depth === 0 && !/\s/.test(char ?? '')) throw new SyntaxError(`not JSON: ${text.slice(i, i + 80)}`)
  }
  if (depth !== 0 || inString) throw new SyntaxError(`JSON cut off after ${text.length} characters`)
  return documents
}

/** Node ids are `POD.NAMESPACE`, or `sidecar~IP~POD.NAMESPACE~DOMAIN` from older istiods. */
function proxyName(id: string): { name: string; namespace: string } {
  const full = id.split('~')[2] ?? id
  const dot = full.lastIndexOf('.')
  return dot === -1 ? { name: full, namespace: '' } : { name: full.slice(0, dot), namespace: full.slice(dot + 1) }
}

/** The sync state of every connected proxy (`istioctl proxy-status -o json`, Istio 1.27 and newer). Throws SyntaxError on other text. */
export function parseProxyStatus(text: string): ProxySync[] {
  return inShape('proxy-status', parseJsonDocuments(text) as DiscoveryStatus[]).flatMap((document) => {
    const identifier = document.controlPlane?.identifier ?? ''
    const istiod = /"ID":\s*"([^"]+)"/.exec(identifier)?.[1]
    const istiodVersion = /"version":\s*"([^"]+)"/.exec(identifier)?.[1]
    return (document.resources ?? []).map(({ node, genericXdsConfigs }): ProxySync => ({
      ...proxyName(node?.id ?? ''),
      ...(node?.metadata?.ISTIO_VERSION !== undefined && { version: node.metadata.ISTIO_VERSION }),
      ...defined({ istiod, istiodVersion }),
      types: (genericXdsConfigs ?? []).map(({ typeUrl = '', configStatus = 'UNKNOWN', lastUpdated, errorState }) => ({
        type: TYPES[typeUrl.replace('type.googleapis.com/', '')] ?? typeUrl.slice(typeUrl.lastIndexOf('.') + 1),
        status: configStatus,
        ...defined({ lastUpdated }),
        ...(errorState?.details !== undefined && { error: errorState.details }),
      })),
    }))
  })
}
