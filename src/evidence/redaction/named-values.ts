import { isFields, type Fields } from '../../mesh/fields.ts'
import { isPlain, isSecretName } from './names.ts'

/** Headers whose values say how a request travels, not who sends it. */
const HARMLESS_HEADER =
  /^(?::[a-z]+|host|accept(?:-[a-z]+)?|cache-control|connection|content-(?:type|length|encoding|language|security-policy)|date|etag|expires|forwarded|grpc-[a-z-]+|last-modified|location|origin|referrer-policy|server|strict-transport-security|te|transfer-encoding|upgrade|user-agent|vary|via|access-control-[a-z-]+|x-b3-sampled|x-content-type-options|x-forwarded-(?:proto|port|host|prefix|for)|x-frame-options|x-request-id|x-envoy-[a-z-]+|x-xss-protection)$/i
/** Values that Envoy fills in: `%DOWNSTREAM_REMOTE_ADDRESS%`. */
const FILLED_IN = /^(?:%[A-Z_]+(?:\([^%]*\))?(?::\d+)?%|[\s,;:-])+$/

/** Fields whose items or entries are headers, by what they are called in Istio, Envoy and the Gateway API. */
const OF_HEADERS = /headers(?:_?to_?add|_?filter)?$|^header$|headermodifier$/i
/** Fields of a header, or of its match, that hold no value. */
const NO_VALUE: ReadonlySet<string> = new Set(['name', 'key', 'type', 'headerName', 'appendAction', 'append_action'])

const isHidden = (name: string, value: string, put: string): boolean =>
  value !== '' &&
  value !== put &&
  !HARMLESS_HEADER.test(name) &&
  !FILLED_IN.test(value) &&
  (isSecretName(name) || !isPlain(value))

const nameOf = ({ name, key, headerName }: Fields): string | undefined =>
  [name, key, headerName].find((one): one is string => typeof one === 'string')

/** The value with each changed; itself when none is. */
function changed(value: unknown, change: (inner: unknown, key: string) => unknown): unknown {
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined
    value.forEach((inner: unknown, index) => {
      const next = change(inner, '')
      if (next !== inner) (copy ??= [...(value as unknown[])])[index] = next
    })
    return copy ?? value
  }
  if (!isFields(value)) return value
  let copy: Fields | undefined
  for (const [key, inner] of Object.entries(value)) {
    const next = change(inner, key)
    if (next !== inner) (copy ??= { ...value })[key] = next
  }
  return copy ?? value
}

/** What belongs to headers: maps of them, lists of names and values, and what they are matched with. */
function withoutHeader(value: unknown, name: string | undefined, put: string): unknown {
  if (typeof value === 'string') return name !== undefined && isHidden(name, value, put) ? put : value
  const own = isFields(value) ? nameOf(value) : undefined
  return changed(value, (inner, key) => {
    if (own !== undefined) return NO_VALUE.has(key) ? inner : withoutHeader(inner, own, put)
    // Below a header's name are the ways to match it; below an operation are names.
    const isOperation = /^(?:request|response|set|add|append|remove|header|)$/.test(key)
    return withoutHeader(inner, isOperation ? name : (name ?? key), put)
  })
}

/** Takes values of headers that are neither known to be harmless nor plain, and what is named as secrets are, out of objects and proxies' configuration. */
export function withoutNamedValues(value: unknown, put: string): unknown {
  return changed(value, (inner, key) => {
    if (typeof inner !== 'object' || inner === null) return inner
    if (OF_HEADERS.test(key)) return withoutHeader(inner, undefined, put)
    const own = isFields(inner) ? nameOf(inner) : undefined
    const isSecretPair = own !== undefined && isFields(inner) && typeof inner.value === 'string' && isSecretName(own)
    return withoutNamedValues(isSecretPair ? { ...inner, value: put } : inner, put)
  })
}
