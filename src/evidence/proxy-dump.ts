import type { AdminDump, AdminSecret, AdminSection, ClusterStates } from './answers.ts'
import { setImmediate as breathe } from 'node:timers/promises'
import { inShape } from '../mesh/shape/answer.ts'
import { inCamelCase } from './envoy-json.ts'

/** What `istioctl proxy-config KIND POD -o json` prints for each of these kinds, made from one look into the proxy. */
export interface ProxyDump {
  listeners: unknown[]
  routes: unknown[]
  clusters: unknown[]
  /** Clusters with the state of each of their endpoints. */
  endpoints: unknown[]
  /** Envoy's SecretsConfigDump, of which certificates alone are kept. */
  secret: unknown
  /** ISO time at which the last of its listeners, routes and clusters changed. */
  changedAt: string | undefined
}

/** What Envoy's admin interface is asked for it. */
export const DUMP_PATHS = ['/config_dump', '/clusters?format=json'] as const

type Fields = Record<string, unknown>

/** Milliseconds of work after which others get their turn. */
const TURN = 10

/** Reads the answers to DUMP_PATHS. What no reading holds is dropped: the bootstrap, keys, rejected and draining versions. @throws {SyntaxError} */
export async function parseProxyDump([configDump = '', clusterStates = '']: readonly string[]): Promise<ProxyDump> {
  const { configs } = inShape('config dump', JSON.parse(configDump) as AdminDump)
  await breathe()
  const states = inShape('cluster states', JSON.parse(clusterStates) as ClusterStates)
  const section = (type: string): AdminSection =>
    configs.find((one) => one['@type']?.endsWith(`.${type}`) === true) ?? {}
  const { dynamic_listeners: dynamic = [], static_listeners: fixed = [] } = section('ListenersConfigDump')
  const routes = section('RoutesConfigDump')
  const clusters = section('ClustersConfigDump')
  const wrapped = {
    listeners: [...dynamic.flatMap(({ active_state: active }) => active ?? []), ...fixed],
    routes: [...(routes.dynamic_route_configs ?? []), ...(routes.static_route_configs ?? [])],
    clusters: [...(clusters.static_clusters ?? []), ...(clusters.dynamic_active_clusters ?? [])],
  }
  return {
    listeners: await messages(wrapped.listeners.map(({ listener }) => listener)),
    routes: await messages(wrapped.routes.map(({ route_config: config }) => config)),
    clusters: await messages(wrapped.clusters.map(({ cluster }) => cluster)),
    endpoints: await messages(states.cluster_statuses.filter(({ host_statuses: hosts = [] }) => hosts.length > 0)),
    secret: certificatesOf(section('SecretsConfigDump')),
    changedAt: Object.values(wrapped)
      .flat()
      .flatMap(({ last_updated: at }) => at ?? [])
      .sort()
      .at(-1),
  }
}

/** Messages as istioctl prints them: with protobuf's names, and without the type that they were packed with. */
async function messages(packed: readonly (Fields | undefined)[]): Promise<unknown[]> {
  const renamed: unknown[] = []
  let began = performance.now()
  for (const one of packed) {
    if (one === undefined) continue
    const { '@type': _, ...message } = inCamelCase(one) as Fields
    renamed.push(message)
    if (performance.now() - began < TURN) continue
    await breathe()
    began = performance.now()
  }
  return renamed
}

function certificatesOf(section: AdminSection): unknown {
  const kept = (list: readonly AdminSecret[] = []): unknown[] =>
    list.map(({ name, last_updated: lastUpdated, secret = {} }) => {
      const chain = secret.tls_certificate?.certificate_chain?.inline_bytes
      const bundle = secret.validation_context?.trusted_ca?.inline_bytes
      return {
        name,
        lastUpdated,
        secret: {
          name,
          ...(chain !== undefined && { tlsCertificate: { certificateChain: { inlineBytes: chain } } }),
          ...(bundle !== undefined && { validationContext: { trustedCa: { inlineBytes: bundle } } }),
        },
      }
    })
  return {
    dynamicActiveSecrets: kept(section.dynamic_active_secrets),
    dynamicWarmingSecrets: kept(section.dynamic_warming_secrets),
  }
}
