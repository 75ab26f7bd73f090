import type { Ref } from './ref.ts'

/** What a diagnosis is about, looked up in the cluster. */
export interface Target {
  /** As typed. */
  asked: string
  /** The object itself: a Service, Deployment, Pod, ServiceEntry; for a host that only Istio knows, the VirtualService or Gateway that names it. */
  ref: Ref
  namespace: string
  name: string
  /** Names requests reach it by: FQDNs of its Services, and hosts of VirtualServices that route to them. */
  hosts: string[]
  /** Where a route to it takes requests for every host, or connections that name none: the Gateway, as `gatewayKey` says, and the ports of its servers that are meant. */
  everyHostAt?: { gateway: string; ports: number[]; protocol: 'http' | 'tcp' }[]
  services: Ref[]
  /** At most one is asked for when the target is a pod; otherwise every pod behind the Services or of the workload. */
  pods: Ref[]
  port?: number
  path?: string
  /** Milliseconds of traffic that were asked for; 15 minutes when absent. */
  window?: number
}

/** Tells two requests for the same target: kind, namespace and name. */
export function targetKey(target: Pick<Target, 'ref'>): string {
  return `${target.ref.kind}/${target.ref.namespace ?? ''}/${target.ref.name}`.toLowerCase()
}
