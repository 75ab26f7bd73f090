import { describe, expect, it } from 'vitest'
import { routesOf, type Sign } from '../../../src/diagnosis/blame/signs/sign.ts'
import type { Way } from '../../../src/diagnosis/requests/followed.ts'
import type { Route } from '../../../src/mesh/envoy.ts'

const CANARY: Route = { name: 'canary' }
const REST: Route = { name: 'rest' }
const way = (walked: Route[], routes: Route[] = [CANARY, REST], others: Route[] = routes): Way =>
  ({
    trace: {
      walk: { route: { virtualHost: { routes }, branches: walked.map((route) => ({ route })) } },
      proxy: { routes: [{ virtualHosts: [{ routes: others }] }] },
    },
  }) as unknown as Way
const taken = (routeName: string | undefined, followed: Way): unknown[] =>
  routesOf({ entry: { routeName: 'default' }, group: [{ entry: { routeName } }] } as unknown as Sign, followed).map(
    ({ name }) => name,
  )

describe('the route that took a request', () => {
  it.each<[string, string | undefined, Way, string[]]>([
    [
      "is the one that its caller's log names, whatever the walk found without its headers",
      'canary',
      way([REST]),
      ['canary'],
    ],
    ['is what the walk found, where the log names none', undefined, way([REST]), ['rest']],
    [
      'is what the walk found, where its name is that of routes for other hosts',
      'canary',
      way([REST], [REST], [CANARY]),
      ['rest'],
    ],
    ['is known by its name alone, where nothing was found', 'canary', way([], [], [CANARY]), ['canary']],
    ['is none of those that have no name of their own', 'default', way([], [{ name: 'default' }]), []],
  ])('%s', (_, name, followed, expected) => expect(taken(name, followed)).toEqual(expected))
})
