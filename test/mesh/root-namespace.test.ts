import { expect, it } from 'vitest'
import { rootNamespaceIn } from '../../src/mesh/root-namespace.ts'
import type { ConfigMap, Pod } from '../../src/mesh/objects.ts'

const config = (mesh: string): ConfigMap => ({
  kind: 'ConfigMap',
  metadata: { name: 'istio', namespace: 'mesh-control' },
  data: { mesh },
})
const istiod: Pod = {
  kind: 'Pod',
  metadata: { name: 'istiod-1', namespace: 'mesh-control', labels: { app: 'istiod' } },
}

it.each([
  ['what the mesh configuration says', config('rootNamespace: mesh-policies\n'), [istiod], 'mesh-policies'],
  ['where the mesh configuration is', config('accessLogFile: /dev/stdout\n'), [], 'mesh-control'],
  ['the same when it cannot be read', config('{'), [], 'mesh-control'],
  ['the same when it is empty', config(''), [], 'mesh-control'],
  ['where istiod runs', undefined, [istiod], 'mesh-control'],
  ["Istio's usual one when nothing is known", undefined, [], 'istio-system'],
] as [string, ConfigMap | undefined, Pod[], string][])('the root namespace is %s', (_, meshConfig, pods, expected) => {
  expect(rootNamespaceIn(meshConfig, pods)).toBe(expected)
})
