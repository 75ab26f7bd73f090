import type { Blind } from '../evidence/reading.ts'
import type { ProxySync } from '../mesh/proxy-status.ts'
import type { Ref } from '../mesh/ref.ts'

/** One proxy and how it stands with istiod. */
export interface ProxyStanding {
  pod: Ref
  /** `rejected`: it refused something istiod sent (NACK); `absent`: its pod runs but no istiod knows it. */
  state: 'synced' | 'stale' | 'rejected' | 'absent'
  version?: string
  istiod?: string
  /** Sync state per xDS type; empty for absent ones. */
  types: ProxySync['types']
}

/** The mesh at a glance. */
export interface MeshStatus {
  namespace?: string
  proxies: ProxyStanding[]
  controlPlane: { pod: Ref; ready: boolean; version?: string }[]
  /** Versions of connected proxies with how many run each; more than one is skew. */
  versions: { version: string; proxies: number }[]
  /** What could not be looked at. */
  unseen: Blind[]
}
