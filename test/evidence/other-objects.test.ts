import { expect, it } from 'vitest'
import { groupsOf, servedResources } from '../../src/evidence/clients/aggregated-discovery.ts'
import type { Clients, Resource } from '../../src/evidence/clients/clients.ts'
import { UnseenError } from '../../src/evidence/clients/clients.ts'
import { OTHER_KINDS, otherObjects } from '../../src/evidence/collectors/other-objects.ts'
import { RESOURCES } from '../../src/evidence/collectors/objects.ts'
import { look } from '../../src/evidence/gather.ts'

const resource = (name: string, kind: string, verbs: string[]) => ({ resource: name, responseKind: { kind }, verbs })
/** In the shape that Kubernetes 1.34 answers. */
const DISCOVERED = {
  kind: 'APIGroupDiscoveryList',
  items: [
    {
      metadata: { name: 'argoproj.io' },
      versions: [
        {
          version: 'v1',
          resources: [resource('rollouts', 'Rollout', ['get', 'list']), resource('tokens', 'Token', ['create'])],
        },
        { version: 'v1alpha1', resources: [resource('rollouts', 'Rollout', ['get', 'list'])] },
      ],
    },
    {
      metadata: { name: 'apps' },
      versions: [{ version: 'v1', resources: [resource('deployments', 'Deployment', ['list'])] }],
    },
  ],
}

it('reads what the API server serves of some groups, each resource once and in the preferred version', () => {
  expect(servedResources(DISCOVERED, ['argoproj.io', 'flagger.app'])).toEqual([
    { group: 'argoproj.io', version: 'v1', plural: 'rollouts', kind: 'Rollout' },
  ])
})

it('an answer with neither kinds nor groups is none, and not an API server that serves nothing', () => {
  expect(() => groupsOf({ kind: 'Status' }, ['argoproj.io'])).toThrow(UnseenError)
  expect(groupsOf({ kind: 'APIGroupList', groups: [{ name: 'apps' }] }, ['argoproj.io'])).toEqual([])
})

it('no kind that is understood is among those that are not', () => {
  const understood = Object.values(RESOURCES).map(({ group, plural }) => `${group}/${plural}`)
  for (const [group, plurals] of Object.entries(OTHER_KINDS))
    for (const plural of plurals) expect(understood).not.toContain(`${group}/${plural}`)
})

const SERVED: Resource[] = [
  { group: 'argoproj.io', version: 'v1', plural: 'rollouts', kind: 'Rollout' },
  { group: 'argoproj.io', version: 'v1', plural: 'workflows', kind: 'Workflow' },
  { group: 'flagger.app', version: 'v1', plural: 'canaries', kind: 'Canary' },
]
const clientsOf = (list: Clients['kubernetes']['list']): Clients =>
  ({ kubernetes: { served: () => Promise.resolve(SERVED), list }, now: () => new Date(0) }) as unknown as Clients

it('lists kinds that act on traffic and no others; one that may not be listed costs itself alone', async () => {
  const listed: string[] = []
  const clients = clientsOf(({ plural, kind }) => {
    listed.push(plural)
    if (plural === 'canaries') return Promise.reject(new UnseenError('forbidden', 'canaries.flagger.app is forbidden'))
    const object = {
      kind,
      metadata: { name: 'x', namespace: 'shop', labels: { a: 'b' } },
      spec: { password: 'hunter2' },
    }
    return Promise.resolve(Array.from({ length: 501 }, () => object) as never)
  })
  const { ok, value } = (await look(otherObjects(), clients)) as { ok: boolean; value: { objects: unknown[] }[] }
  expect(ok).toBe(true)
  expect(listed).toEqual(['rollouts', 'canaries'])
  expect(value).toMatchObject([
    { resource: 'rollouts.argoproj.io', left: 1 },
    { resource: 'canaries.flagger.app', objects: [], unseen: 'canaries.flagger.app is forbidden' },
  ])
  expect(value[0]?.objects).toHaveLength(500)
  expect(value[0]?.objects[0]).toEqual({
    kind: 'Rollout',
    metadata: { name: 'x', namespace: 'shop' },
    spec: { password: '[redacted]' },
  })
})
