import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { RouteMatch } from '../../../src/mesh/envoy.ts'
import { routesFor, takesRoute } from '../../../src/mesh/walk/route-match.ts'
import { requestOf } from './request.ts'

const CASES = parse(readFileSync(join(import.meta.dirname, 'matching.yaml'), 'utf8')) as {
  about: string
  match: RouteMatch
  requests: Record<string, string>
}[]

describe('a route takes a request', () => {
  it.each(
    CASES.flatMap(({ about, match, requests }) =>
      Object.entries(requests).map(([request, answer]) => ({ about, match, request, answer })),
    ),
  )('$about: $request', ({ match, request, answer }) => {
    expect(takesRoute(match, requestOf(request))).toBe(answer)
  })
})

describe('routes in order', () => {
  const routes = [
    { name: 'some', match: { prefix: '/items', runtimeFraction: { defaultValue: { numerator: 10 } } } },
    { name: 'items', match: { prefix: '/items' } },
    { name: 'rest', match: { prefix: '/' } },
  ]
  const names = (path: string, of = routes) => {
    const { routes: found, certain } = routesFor({ routes: of }, requestOf(`GET shop ${path}`))
    return [found.map(({ name }) => name), certain]
  }

  it('end at the first that certainly takes the request', () => {
    expect(names('/items')).toEqual([['some', 'items'], true])
    expect(names('/other')).toEqual([['rest'], true])
  })

  it('may come to none', () => {
    expect(names('/other', routes.slice(0, 2))).toEqual([[], false])
    expect(names('/items', routes.slice(0, 1))).toEqual([['some'], false])
  })
})
