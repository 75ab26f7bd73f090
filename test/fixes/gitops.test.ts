import { expect, it } from 'vitest'
import { gitOpsOwner } from '../../src/fixes/gitops.ts'
import type { KubernetesObject, Metadata } from '../../src/mesh/objects.ts'

const object = (metadata: Partial<Metadata>, kind = 'DestinationRule'): KubernetesObject => ({
  kind,
  metadata: { name: 'catalog', namespace: 'shop', ...metadata },
})

it.each<[string, Partial<Metadata>, { tool: string; by: string }]>([
  [
    'Argo CD by its tracking id',
    { annotations: { 'argocd.argoproj.io/tracking-id': 'shop-app:networking.istio.io/DestinationRule:shop/catalog' } },
    { tool: 'Argo CD', by: 'application shop-app' },
  ],
  [
    'Argo CD by its own label',
    { labels: { 'argocd.argoproj.io/instance': 'shop-app' } },
    { tool: 'Argo CD', by: 'application shop-app' },
  ],
  [
    'Argo CD by the common label and its hand on the fields',
    {
      labels: { 'app.kubernetes.io/instance': 'shop-app' },
      managedFields: [{ manager: 'argocd-controller', operation: 'Apply' }],
    },
    { tool: 'Argo CD', by: 'application shop-app' },
  ],
  [
    'Flux by its Kustomization',
    { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' } },
    { tool: 'Flux', by: 'Kustomization flux-system/apps' },
  ],
  [
    'Flux by its HelmRelease, before Helm',
    {
      labels: { 'helm.toolkit.fluxcd.io/name': 'catalog', 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { 'meta.helm.sh/release-name': 'catalog' },
    },
    { tool: 'Flux', by: 'HelmRelease catalog' },
  ],
  [
    'Helm by its annotations',
    {
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { 'meta.helm.sh/release-name': 'catalog', 'meta.helm.sh/release-namespace': 'shop' },
    },
    { tool: 'Helm', by: 'release shop/catalog' },
  ],
  [
    'Helm by its label',
    { labels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': 'catalog' } },
    { tool: 'Helm', by: 'release catalog' },
  ],
])('%s', (_by, metadata, owner) => {
  expect(gitOpsOwner(object(metadata))).toEqual(owner)
})

it.each<[string, Partial<Metadata>, string?]>([
  [
    'an object that somebody applied',
    {
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      managedFields: [{ manager: 'kubectl-client-side-apply' }],
    },
  ],
  [
    'the common labels alone',
    {
      labels: {
        'app.kubernetes.io/instance': 'catalog',
        'app.kubernetes.io/name': 'catalog',
        'app.kubernetes.io/managed-by': 'shop-operator',
      },
    },
  ],
  ["a pod with its workload's labels", { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }, 'Pod'],
])('nobody: %s', (_what, metadata, kind) => {
  expect(gitOpsOwner(object(metadata, kind))).toBeUndefined()
})
