import { setImmediate as breathe } from 'node:timers/promises'
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

const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : [])

function parsed(text: string, holds: string): Fields[] {
  const value: unknown = JSON.parse(text)
  const list = (value as Fields | null)?.[holds]
  if (!Array.isArray(list)) throw new SyntaxError(`expected ${holds} of the proxy's admin interface`)
  return list as Fields[]
}

/** Reads the answers to DUMP_PATHS. What no reading holds is dropped: the bootstrap, keys, rejected and draining versions. @throws {SyntaxError} */
export async function parseProxyDump([configDump = '', clusterStates = '']: readonly string[]): Promise<ProxyDump> {
  const sections = parsed(configDump, 'configs')
  await breathe()
  const states = parsed(clusterStates, 'cluster_statuses')
  const section = (type: string): Fields => sections.find((one) => String(one['@type']).endsWith(`.${type}`)) ?? {}
  const listeners = section('ListenersConfigDump')
  const routes = section('RoutesConfigDump')
  const clusters = section('ClustersConfigDump')
  const dynamicListeners = listOf(listeners.dynamic_listeners).flatMap(({ active_state: active }) =>
    active === undefined ? [] : [active as Fields],
  )
  const wrapped = {
    listeners: [...dynamicListeners, ...listOf(listeners.static_listeners)],
    routes: [...listOf(routes.dynamic_route_configs), ...listOf(routes.static_route_configs)],
    clusters: [...listOf(clusters.static_clusters), ...listOf(clusters.dynamic_active_clusters)],
  }
  return {
    listeners: await messages(wrapped.listeners.map(({ listener }) => listener)),
    routes: await messages(wrapped.routes.map(({ route_config: config }) => config)),
    clusters: await messages(wrapped.clusters.map(({ cluster }) => cluster)),
    endpoints: await messages(states.filter((state) => listOf(state.host_statuses).length > 0)),
    secret: certificatesOf(section('SecretsConfigDump')),
    changedAt: Object.values(wrapped)
      .flat()
      .flatMap(({ last_updated: at }) => (typeof at === 'string' ? [at] : []))
      .sort()
      .at(-1),
  }
}

/** Messages as istioctl prints them: with protobuf's names, and without the type that they were packed with. */
async function messages(packed: readonly unknown[]): Promise<unknown[]> {
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

interface PackedSecret {
  name?: string
  last_updated?: string
  secret?: {
    tls_certificate?: { certificate_chain?: { inline_bytes?: string } }
    validation_context?: { trusted_ca?: { inline_bytes?: string } }
    combined_validation_context?: unknown
  }
}

function certificatesOf(section: Fields): unknown {
  const kept = (list: unknown): unknown[] =>
    (listOf(list) as PackedSecret[]).map(({ name, last_updated: lastUpdated, secret = {} }) => {
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
