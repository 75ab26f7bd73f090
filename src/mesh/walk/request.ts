/** An HTTP request as a proxy gets it. */
export interface Request {
  method: string
  scheme: 'http' | 'https'
  /** The Host header or `:authority`: a host, with its port or without. */
  authority: string
  /** With its query. */
  path: string
  /** Names in lower case; several values of one header joined by commas, as Envoy joins them. */
  headers: ReadonlyMap<string, string>
  /** True when it may carry others than these, a token among them: what policies and tokens' filters make of it is then not known. */
  moreHeaders?: true
}

/** A connection as a proxy gets it, before it has looked inside. */
export interface Connection {
  /** Where it was going to; absent when it is not known (a host outside the cluster). */
  address?: string
  port: number
  /** TLS, with what its ClientHello asks for; absent: plain text. */
  tls?: { sni?: string; alpn: readonly string[] }
  /** The caller's identity, `spiffe://cluster.local/ns/shop/sa/catalog`, when a mesh certificate is shown. */
  principal?: string
  /** The caller's own address. */
  source?: string
}

/** Headers that Envoy writes or rewrites itself: what the caller gives says nothing of what a matcher sees. */
const WRITTEN_BY_ENVOY: ReadonlySet<string> = new Set([
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-client-cert',
  'x-envoy-external-address',
  'x-envoy-internal',
  'x-envoy-decorator-operation',
  'x-envoy-attempt-count',
  'x-envoy-peer-metadata',
])

/** A header's value; null when the request has none, undefined when that is not known. */
export function headerOf(request: Request, name: string): string | null | undefined {
  const wanted = name.toLowerCase()
  if (wanted === ':authority' || wanted === 'host') return request.authority
  if (wanted === ':method') return request.method
  if (wanted === ':path') return request.path
  if (wanted === ':scheme' || wanted === 'x-forwarded-proto') return request.scheme
  const given = request.headers.get(wanted)
  return given ?? (WRITTEN_BY_ENVOY.has(wanted) ? undefined : null)
}
