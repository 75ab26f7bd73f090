import type { HttpConnectionManager } from './network-filters.ts'

/** A path without its query and fragment: what routes are matched by. */
export const withoutQuery = (path: string): string => path.replace(/[?#].*$/s, '')

/** The first value of a query parameter; undefined when the path has none of that name. Envoy's routes compare it as it was sent, escapes and all. */
export function queryParameter(path: string, name: string): string | undefined {
  const start = path.indexOf('?')
  if (start === -1) return undefined
  for (const pair of path
    .slice(start + 1)
    .replace(/#.*$/s, '')
    .split('&')) {
    const equals = pair.indexOf('=')
    if ((equals === -1 ? pair : pair.slice(0, equals)) === name) return equals === -1 ? '' : pair.slice(equals + 1)
  }
  return undefined
}

/** The path as the filters and routes of an HTTP connection manager see it (Istio's pathNormalization); undefined when it is refused. */
export function normalized(
  path: string,
  { normalizePath, mergeSlashes, pathWithEscapedSlashesAction }: HttpConnectionManager,
): string | undefined {
  const end = path.search(/[?#]/)
  const query = end === -1 ? '' : path.slice(end)
  let plain = end === -1 ? path : path.slice(0, end)
  if (/%2f|%5c/i.test(plain)) {
    if (pathWithEscapedSlashesAction === 'REJECT_REQUEST') return undefined
    if ((pathWithEscapedSlashesAction ?? '').startsWith('UNESCAPE_AND_'))
      plain = plain.replace(/%2f/gi, '/').replace(/%5c/gi, '\\')
  }
  if (normalizePath === true)
    plain = withoutDots(
      plain
        .replaceAll('\\', '/')
        .replace(/%(?:2[dDeE]|3\d|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])/g, (escape) =>
          decodeURIComponent(escape),
        ),
    )
  if (mergeSlashes === true) plain = plain.replace(/\/{2,}/g, '/')
  return plain + query
}

function withoutDots(path: string): string {
  const out: string[] = []
  const segments = path.split('/').slice(1)
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1
    if (segment === '..') out.pop()
    if (segment !== '.' && segment !== '..') out.push(segment)
    else if (last) out.push('')
  })
  return `/${out.join('/')}`
}
