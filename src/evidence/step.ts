import type { Ref } from '../mesh/ref.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Clients } from './clients/clients.ts'
import type { EvidenceKind, EvidenceMap } from './reading.ts'

/** The sections steps are shown under. */
export type StepGroup = 'control plane' | 'objects' | 'workloads' | 'proxies' | 'traffic'

/** One look at the mesh: what it yields and the command that shows the same by hand. */
export interface Step<K extends EvidenceKind = EvidenceKind> {
  /** Unique within a plan. */
  id: string
  kind: K
  of?: Ref
  group: StepGroup
  /** A few words: `clusters of istio-ingressgateway-64577df8d7-bslc7`. */
  title: string
  source: string
  /** Steps with the same word are answered by one look, and count as one of those under way. */
  together?: string
  /** Throws UnseenError when it can't be seen, SyntaxError when what came back can't be read. */
  collect(clients: Clients, signal: AbortSignal): Promise<EvidenceMap[K]>
}

/** Any step; a union rather than a generic, so that a list may mix kinds. */
export type AnyStep = { [K in EvidenceKind]: Step<K> }[EvidenceKind]

/** An id from what a step looks at. */
export function stepId(kind: EvidenceKind, scope: Ref | string | undefined): string {
  return scope === undefined ? kind : `${kind} ${typeof scope === 'string' ? scope : formatRef(scope)}`
}

/** The word of the steps that one look into a proxy answers. */
export const togetherOf = (pod: Ref): string => `proxy ${formatRef(pod)}`

/** The step with its command naming the kubeconfig's context, as a person whose current context is another must type it. */
export function inContext(step: AnyStep, context: string | undefined): AnyStep {
  if (context === undefined || !/^(kubectl|istioctl) /.test(step.source)) return step
  const word = /^[\w@%+=:,./-]+$/.test(context) ? context : `'${context.replaceAll("'", "'\\''")}'`
  return { ...step, source: `${step.source} --context ${word}` }
}
