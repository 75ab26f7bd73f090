import type { KubernetesObject } from '../mesh/objects.ts'

/** Who puts an object back to what a repository or a release says. */
export interface GitOpsOwner {
  tool: 'Argo CD' | 'Flux' | 'Helm'
  /** `application shop`, `Kustomization flux-system/apps`, `release catalog`. */
  by: string
}

const named = (what: string, name: string, namespace?: string): string =>
  `${what} ${namespace === undefined ? '' : `${namespace}/`}${name}`

/**
 * What owns an object, by the labels and annotations that Argo CD, Flux and Helm leave; undefined when none does. A pod is its workload's,
 * whatever labels it was given.
 */
export function gitOpsOwner({
  kind,
  metadata: { labels = {}, annotations = {}, managedFields = [] },
}: KubernetesObject): GitOpsOwner | undefined {
  if (kind === 'Pod') return undefined
  const instance = labels['app.kubernetes.io/instance']
  // By itself that label is Helm's custom, and says nothing of Argo CD.
  const byArgo = managedFields.some(({ manager = '' }) => manager.startsWith('argocd')) ? instance : undefined
  const application =
    annotations['argocd.argoproj.io/tracking-id']?.split(':')[0] ?? labels['argocd.argoproj.io/instance'] ?? byArgo
  if (application !== undefined) return { tool: 'Argo CD', by: named('application', application) }
  const kustomization = labels['kustomize.toolkit.fluxcd.io/name']
  if (kustomization !== undefined)
    return { tool: 'Flux', by: named('Kustomization', kustomization, labels['kustomize.toolkit.fluxcd.io/namespace']) }
  const helmRelease = labels['helm.toolkit.fluxcd.io/name']
  if (helmRelease !== undefined)
    return { tool: 'Flux', by: named('HelmRelease', helmRelease, labels['helm.toolkit.fluxcd.io/namespace']) }
  const release = annotations['meta.helm.sh/release-name']
  if (release !== undefined)
    return { tool: 'Helm', by: named('release', release, annotations['meta.helm.sh/release-namespace']) }
  return labels['app.kubernetes.io/managed-by'] === 'Helm'
    ? { tool: 'Helm', by: named('release', instance ?? 'unknown') }
    : undefined
}

/** What becomes of a change that is written past an owner, in a few words. */
export const FATE: Readonly<Record<GitOpsOwner['tool'], string>> = {
  'Argo CD': 'which reverts it at its next sync if self-heal is on, and marks it out of sync otherwise',
  Flux: 'which reverts it at its next reconciliation',
  Helm: 'whose next upgrade may revert it',
}
