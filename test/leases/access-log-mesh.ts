import { kubernetesApi } from '../../src/evidence/clients/kubernetes.ts'
import { clusterWriter } from '../../src/fixes/writer.ts'
import type { LeaseDeps } from '../../src/leases/lease-deps.ts'
import type { LeaseRequest } from '../../src/leases/raise.ts'
import type { KubernetesObject, Labels } from '../../src/mesh/objects.ts'
import type { Records } from '../../src/store/records.ts'
import { startApiServer, type ApiServer, type ApiServerOptions } from '../fixes/api-server.ts'

export const TELEMETRY = 'telemetry.istio.io/v1'

const pod = (name: string, labels: Labels): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels },
  spec: { containers: [{ name: 'app' }, { name: 'istio-proxy' }] },
  status: { phase: 'Running' },
})

/** A Telemetry object of somebody else. */
export const telemetry = (name: string, spec: Record<string, unknown>, namespace = 'shop'): KubernetesObject => ({
  apiVersion: TELEMETRY,
  kind: 'Telemetry',
  metadata: { name, namespace },
  spec,
})

/** Turns off the access logs of the whole namespace. */
export const NO_ACCESS_LOGS = telemetry('no-access-logs', {
  accessLogging: [{ providers: [{ name: 'envoy' }], disabled: true }],
})

const OBJECTS: KubernetesObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  pod('catalog-1', { app: 'catalog', version: 'v1' }),
  pod('catalog-2', { app: 'catalog', version: 'v1' }),
  pod('cart-1', { app: 'cart' }),
  NO_ACCESS_LOGS,
]

/** An API server with two workloads, `catalog` and `cart`, whose namespace has its access logs turned off; the clients and the writer of the product. */
export interface AccessLogMesh {
  server: ApiServer
  deps(records: Records): LeaseDeps
  /** Telemetry objects by name, with their specs. */
  telemetries(): Record<string, unknown>
}

export async function openAccessLogMesh(options: ApiServerOptions = {}): Promise<AccessLogMesh> {
  const server = await startApiServer({ objects: OBJECTS, ...options })
  const { kubeconfig } = server
  const clients: LeaseDeps['clients'] = {
    kubernetes: kubernetesApi({ kubeconfig }),
    istioctl: { run: () => Promise.reject(new Error('no proxy is asked')) },
  }
  const writer = clusterWriter({ kubeconfig, clients })
  return {
    server,
    deps: (records) => ({ records, clients, writer }),
    telemetries: () =>
      Object.fromEntries(
        server
          .objects()
          .filter(({ kind }) => kind === 'Telemetry')
          .map(({ metadata, spec }) => [metadata.name, spec]),
      ),
  }
}

let made = 0
/** A request for the access logs of `catalog`, in a lease of its own. */
export function accessLogRequest(more: Partial<LeaseRequest> = {}): LeaseRequest {
  made += 1
  const id = `accesslogs${made}x${Math.random().toString(36).slice(2, 8)}`
  return {
    id,
    run: id,
    kind: 'access-logs',
    settings: { 'access log': 'envoy' },
    minutes: 10,
    pods: [],
    workload: {
      ref: { kind: 'Deployment', namespace: 'shop', name: 'catalog' },
      uid: 'uid-catalog',
      selector: { app: 'catalog', version: 'v1' },
    },
    by: { user: 'U_ONCALL' },
    target: 'service/shop/catalog',
    asked: { text: 'catalog' },
    channel: 'C_MESH',
    thread: '1.1',
    ...more,
  }
}

/** What the lease's object asks for. */
export const lentSpec = (selector: Labels = { app: 'catalog', version: 'v1' }, provider = 'envoy'): unknown => ({
  selector: { matchLabels: selector },
  accessLogging: [{ providers: [{ name: provider }], disabled: false }],
})
