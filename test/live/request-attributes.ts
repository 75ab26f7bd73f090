import type { Permission } from '../../src/evidence/reading.ts'
import { defined } from '../../src/mesh/defined.ts'

/** What a request asks of the API server's authorizer: of a resource, or of a path that is none. */
export type RequestAttributes = Permission | { verb: string; path: string }

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}
/** Parts of a namespace itself, not resources in it. */
const OF_NAMESPACES: readonly string[] = ['status', 'finalize']

/** Reads a request as the API server's RequestInfoFactory does (k8s.io/apiserver, endpoints/request/requestinfo.go). */
export function attributesOf(method: string, url: string): RequestAttributes {
  const { pathname, searchParams } = new URL(url, 'http://api-server')
  const verb = VERBS[method] ?? ''
  const [prefix, ...rest] = pathname.split('/').filter((part) => part !== '')
  const group = prefix === 'apis' ? rest.shift() : ''
  const version = rest.shift()
  if ((prefix !== 'api' && prefix !== 'apis') || group === undefined || version === undefined || rest.length === 0)
    return { verb: verb === 'create' ? 'post' : verb, path: pathname }
  let parts = rest.map(decodeURIComponent)
  let namespace: string | undefined
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    namespace = parts[1]
    if (parts[2] !== undefined && !OF_NAMESPACES.includes(parts[2])) parts = parts.slice(2)
  }
  const [plural = '', own, subresource] = parts
  const field = /(?:^|,)metadata\.name=([^,]+)/.exec(searchParams.get('fieldSelector') ?? '')?.[1]
  const name = own ?? (verb === 'get' || verb === 'delete' ? field : undefined)
  const watches = ['1', 'true'].includes(searchParams.get('watch') ?? '')
  const many = own === undefined
  return {
    verb: many && verb === 'get' ? (watches ? 'watch' : 'list') : many && verb === 'delete' ? 'deletecollection' : verb,
    group,
    resource: subresource === undefined ? plural : `${plural}/${subresource}`,
    ...defined({ namespace, name }),
  }
}
