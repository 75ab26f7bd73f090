import { describe, expect, it } from 'vitest'
import { byHand } from '../../src/fixes/by-hand.ts'
import { applyTo, create } from '../../src/fixes/manifest.ts'
import { deletionOf } from '../../src/fixes/drafting/deletion.ts'
import type { KubernetesObject } from '../../src/mesh/objects.ts'

const object = (kind: string): KubernetesObject => ({
  kind,
  metadata: { name: 'catalog', namespace: 'shop', uid: 'u', resourceVersion: '1' },
})

describe('a write made by hand', () => {
  it.each([
    [
      applyTo(object('VirtualService'), { spec: {} }),
      'kubectl patch virtualservice.networking.istio.io catalog -n shop --type=merge --patch-file change.yaml',
    ],
    [
      applyTo(object('Service'), { spec: {} }),
      'kubectl patch service catalog -n shop --type=strategic --patch-file change.yaml',
    ],
    [
      applyTo(object('Deployment'), { spec: {} }),
      'kubectl patch deployment.apps catalog -n shop --type=strategic --patch-file change.yaml',
    ],
    [
      applyTo({ kind: 'Namespace', metadata: { name: 'shop', uid: 'u', resourceVersion: '1' } }, { labels: {} }),
      'kubectl patch namespace shop --type=strategic --patch-file change.yaml',
    ],
    [
      create({ kind: 'DestinationRule', namespace: 'shop', name: 'catalog' }, { spec: {} }),
      'kubectl create -f change.yaml',
    ],
    [deletionOf(object('EnvoyFilter')), 'kubectl delete envoyfilter.networking.istio.io catalog -n shop'],
  ] as const)('%# is a command that leaves other fields alone', (write, command) => {
    expect(byHand(write, 'change.yaml')).toBe(command)
  })
})
