import type { Route } from '../envoy.ts'
import type { Request } from './request.ts'

/**
 * The request as a route sends it on: path and host rewritten, headers added and removed. A path that a regular expression rewrites, and a header
 * value that Envoy puts together, stay as they were: `unsure` says so.
 */
export function sentOn(
  request: Request,
  { match = {}, route = {}, requestHeadersToAdd = [], requestHeadersToRemove = [] }: Route,
): { request: Request; unsure: string[] } {
  const headers = new Map(request.headers)
  const unsure: string[] = []
  for (const name of requestHeadersToRemove) headers.delete(name.toLowerCase())
  for (const {
    header: { key = '', value = '' } = {},
    appendAction = 'APPEND_IF_EXISTS_OR_ADD',
  } of requestHeadersToAdd) {
    const name = key.toLowerCase()
    const before = headers.get(name)
    if (value.includes('%')) unsure.push(`the header ${name} is put together from the request`)
    else
      headers.set(
        name,
        before !== undefined && appendAction === 'APPEND_IF_EXISTS_OR_ADD'
          ? `${before},${value}`
          : before !== undefined && appendAction === 'ADD_IF_ABSENT'
            ? before
            : value,
      )
  }
  const { prefixRewrite, regexRewrite, hostRewriteLiteral } = route
  if (regexRewrite !== undefined) unsure.push('a regular expression rewrites the path')
  const path =
    prefixRewrite === undefined || prefixRewrite === ''
      ? request.path
      : rewritten(request.path, match.prefix ?? match.pathSeparatedPrefix ?? match.path ?? '', prefixRewrite)
  return { request: { ...request, path, headers, authority: hostRewriteLiteral ?? request.authority }, unsure }
}

const rewritten = (path: string, matched: string, by: string): string => by + path.slice(matched.length)
