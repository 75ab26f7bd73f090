import type { Share } from '../../mesh/walk/route-action.ts'
import type { Ref } from '../../mesh/ref.ts'

/** The pieces of configuration a request passes, in its order: the caller's listener, route, cluster and endpoints, then the callee's proxy. */
export const STAGES = ['listener', 'route', 'cluster', 'endpoints', 'inbound'] as const
export type Stage = (typeof STAGES)[number]

/** One piece of a request's way. */
export interface Hop {
  stage: Stage
  /** False when the request dies here; also when this piece could not be seen (`sure` is then false). */
  ok: boolean
  /** False when what happens here depends on what is not known, or could not be seen. */
  sure: boolean
  /** The listener, route configuration, cluster or pod. */
  name: string
  /** Objects of the cluster that this piece was made from. */
  objects: Ref[]
  /** One or two sentences. */
  says: string
  /** Further facts, a sentence each without its full stop. */
  notes: string[]
  /** The piece itself, as short YAML. */
  quote?: string
  /** Envoy's name of the filter of the callee's proxy that refuses the request. */
  refusedBy?: string
  /** The command that shows it. */
  command: string
}

/** Whose proxy the request leaves from. */
export interface Caller {
  kind: 'ingress' | 'sidecar'
  pod: Ref
}

/** The way of one request through the proxies, down to the pods. */
export interface FollowReport {
  /** As typed. */
  asked: string
  request: {
    method: string
    scheme: 'http' | 'https'
    host: string
    port: number
    path: string
    headers: Record<string, string>
  }
  /** Absent when what it is found by could not be seen. */
  caller?: Caller
  /** In place of it, a caller that has no proxy: what it sends is followed from the pods on that it comes to. Its pod, where there is one. */
  unproxied?: { pod?: Ref }
  hops: Hop[]
  /** The clusters the request may go to, with their share in percent. */
  clusters: Share[]
  /** The first stage at which the request, or a share of it, dies; null when it dies at none. */
  dies: Stage | null
  outcome: 'arrives' | 'dies' | 'unclear'
  /** The outcome as one sentence. */
  headline: string
  /** The pods behind the clusters' endpoints. */
  pods: Ref[]
  /** ISO time of the look. */
  at: string
}
