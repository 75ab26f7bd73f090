import { describe, expect, it } from 'vitest'
import { completeTarget } from '../../src/diagnosis/complete-target.ts'
import { resolveTarget } from '../../src/diagnosis/resolve-target.ts'
import { AmbiguousTargetError, UnknownTargetError } from '../../src/diagnosis/target-errors.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import type { Reading } from '../../src/evidence/reading.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { replay } from '../replay.ts'

const { readings } = await replay('chapter-10/ill')
const evidence = new Evidence(readings)
const resolve = (text: string, namespace?: string) => resolveTarget(parseTarget(text, namespace), evidence)

/** The same mesh with the recorded catalog Service in one more namespace. */
const withTwo = new Evidence(
  readings.map((reading): Reading =>
    reading.kind === 'services' && reading.ok
      ? {
          ...reading,
          value: [
            ...reading.value,
            ...reading.value
              .filter(({ metadata }) => metadata.name === 'catalog')
              .map((service) => ({ ...service, metadata: { ...service.metadata, namespace: 'istio-system' } })),
          ],
        }
      : reading,
  ),
)

describe('what a query means', () => {
  it.each([
    ['catalog', undefined],
    ['catalog', 'istioinaction'],
    ['catalog.istioinaction', undefined],
    ['svc/catalog', undefined],
    ['catalog.istioinaction.svc.cluster.local', undefined],
    ['catalog.istioinaction.svc', undefined],
    ['catalog.istioinaction.io', undefined],
    ['http://catalog.istioinaction.io/items', undefined],
  ])('%s (-n %s) is the Service', (text, namespace) => {
    expect(resolve(text, namespace)).toMatchObject({
      ref: { kind: 'Service', namespace: 'istioinaction', name: 'catalog' },
    })
  })

  it('a deployment has the pods of its own only', () => {
    const target = completeTarget(resolve('deploy/catalog', 'istioinaction'), evidence)
    expect(target).toMatchObject({ ref: { kind: 'Deployment', name: 'catalog' }, services: [{ name: 'catalog' }] })
    expect(target.pods).toHaveLength(1)
  })

  it('a service has all pods its selector takes, and the hosts that route to it', () => {
    const target = completeTarget(resolve('catalog'), evidence)
    expect(target.pods).toHaveLength(3)
    expect(target.hosts).toEqual(['catalog.istioinaction.svc.cluster.local', 'catalog.istioinaction.io'])
  })

  it('a pod is itself', () => {
    const name = evidence.objects('pods').find(({ metadata }) => metadata.name.startsWith('catalog-v2-'))!.metadata.name
    const target = completeTarget(resolve(`pod/${name}`, 'istioinaction'), evidence)
    expect(target).toMatchObject({ ref: { kind: 'Pod', name }, pods: [{ name }], services: [{ name: 'catalog' }] })
  })

  it('a URL keeps its port and path', () => {
    expect(resolve('http://catalog.istioinaction.io:8080/items')).toMatchObject({ port: 8080, path: '/items' })
  })
})

describe('a query that means nothing', () => {
  it.each([
    ['catalgo', undefined, ['catalog.istioinaction']],
    ['catalgo', 'istioinaction', ['catalog']],
    ['catalog', 'istioinacton', ['istioinaction']],
    ['deploy/catalog-v3', 'istioinaction', ['catalog-v2']],
    ['catalogue.istioinaction.io', undefined, ['catalog.istioinaction.io']],
  ])('%s (-n %s) is answered with the nearest: %s', (text, namespace, nearest) => {
    const error = (() => {
      try {
        resolve(text, namespace)
      } catch (thrown) {
        return thrown
      }
      return undefined
    })()
    expect(error).toBeInstanceOf(UnknownTargetError)
    expect((error as UnknownTargetError).nearest).toEqual(expect.arrayContaining(nearest))
  })

  it('several namespaces: says which', () => {
    expect(() => resolveTarget(parseTarget('catalog'), withTwo)).toThrow(AmbiguousTargetError)
    expect(() => resolveTarget(parseTarget('catalog'), withTwo)).toThrow(
      /istioinaction, istio-system|istio-system, istioinaction/,
    )
    expect(resolveTarget(parseTarget('catalog', 'istioinaction'), withTwo).namespace).toBe('istioinaction')
  })

  it('Services that could not be seen are no proof that there is none', () => {
    const blind = new Evidence(
      readings.map((reading): Reading =>
        reading.kind === 'services'
          ? { kind: reading.kind, source: reading.source, at: reading.at, ok: false, reason: 'forbidden', detail: 'no' }
          : reading,
      ),
    )
    expect(resolveTarget(parseTarget('anything', 'istioinaction'), blind)).toMatchObject({
      name: 'anything',
      services: [],
      pods: [],
    })
  })
})
