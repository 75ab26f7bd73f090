import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Recording } from '../../src/evidence/clients/recording.ts'
import { parseRecording } from '../../src/evidence/clients/recording.ts'
import { SCENARIOS } from '../situation.ts'

type Fields = Record<string, unknown>

/** The recorded catalog service's piece of a list, again for each of `services` further names. */
function multiplied(list: Fields[], services: number, isCatalog: (piece: Fields) => boolean): Fields[] {
  const pattern = list.find(isCatalog)
  if (pattern === undefined) throw new Error('the recording holds no piece of the catalog service to multiply')
  const text = JSON.stringify(pattern)
  return [
    ...list,
    ...Array.from(
      { length: services },
      (_, index) =>
        JSON.parse(
          text
            .replaceAll('catalog.istioinaction', `service-${index}.istioinaction`)
            .replaceAll('"catalog"', `"service-${index}"`),
        ) as Fields,
    ),
  ]
}

const named =
  (text: string) =>
  (piece: Fields): boolean =>
    String(piece.name).includes(text)

const isPort80 = ({ name }: Fields): boolean => name === '0.0.0.0_80'
const isCatalog = ({ metadata }: Fields): boolean => {
  const { name, namespace } = metadata as { name: string; namespace: string }
  return name === 'catalog' && namespace === 'istioinaction'
}

function grown(call: string, json: unknown, services: number): unknown {
  if (!Array.isArray(json)) return json
  const list = json as Fields[]
  if (/ (clusters|endpoints) /.test(call))
    return multiplied(list, services, named('outbound|80||catalog.istioinaction.'))
  if (call.includes(' routes ')) {
    return list.map((configuration) =>
      configuration.name === '80'
        ? {
            ...configuration,
            virtualHosts: multiplied(configuration.virtualHosts as Fields[], services, named('catalog.istioinaction.')),
          }
        : configuration,
    )
  }
  if (call.includes(' listeners ') && list.some(isPort80)) {
    // One in ten services listens on a port of its own, as TCP services do.
    const pattern = JSON.stringify(list.find(isPort80))
    return [
      ...list,
      ...Array.from(
        { length: services / 10 },
        (_, index) =>
          JSON.parse(
            pattern.replaceAll('0.0.0.0_80', `10.96.${index % 250}.${10 + Math.floor(index / 250)}_9000`),
          ) as Fields,
      ),
    ]
  }
  return json
}

/** The mended chapter 10 with so many more services that every proxy knows. Istio's own printing is indented; so is this. */
export function bigRecording(services: number): Recording {
  const recording = parseRecording(readFileSync(join(SCENARIOS, 'chapter-10/mended/recording.json'), 'utf8'))
  return {
    ...recording,
    calls: recording.calls.map((entry) =>
      entry.call.startsWith('istioctl proxy-config')
        ? { ...entry, json: grown(entry.call, entry.json, services) }
        : entry.call === 'kubernetes list services.v1 -A'
          ? { ...entry, json: multiplied(entry.json as Fields[], services, isCatalog) }
          : entry,
    ),
  }
}

const TYPES = {
  listeners: 'listener.v3.Listener',
  clusters: 'cluster.v3.Cluster',
  routes: 'route.v3.RouteConfiguration',
} as const

/** With the names of Envoy's own protocol buffers, as its admin interface prints them. */
function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      /^[a-z][A-Za-z0-9]*$/.test(key) ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key,
      inSnakeCase(inner),
    ]),
  )
}

/** What the admin interface of one recorded proxy, `NAME.NAMESPACE`, answers to `/config_dump` and `/clusters?format=json`. */
export function adminAnswers({ calls }: Recording, proxy: string): { configDump: string; clusters: string } {
  const recorded = (kind: string): unknown =>
    calls.find(({ call }) => call === `istioctl proxy-config ${kind} ${proxy} -o json`)?.json
  const of = (kind: keyof typeof TYPES): Fields[] =>
    (inSnakeCase(recorded(kind)) as Fields[]).map((piece) => ({
      '@type': `type.googleapis.com/envoy.config.${TYPES[kind]}`,
      ...piece,
    }))
  const section = (type: string, fields: object): object => ({
    '@type': `type.googleapis.com/envoy.admin.v3.${type}`,
    ...fields,
  })
  const configs = [
    section('ClustersConfigDump', { dynamic_active_clusters: of('clusters').map((cluster) => ({ cluster })) }),
    section('ListenersConfigDump', {
      dynamic_listeners: of('listeners').map((listener) => ({ name: listener.name, active_state: { listener } })),
    }),
    section('RoutesConfigDump', {
      dynamic_route_configs: of('routes').map((config) => ({ route_config: config })),
    }),
    section('SecretsConfigDump', inSnakeCase(recorded('secret')) as object),
  ]
  return {
    configDump: JSON.stringify({ configs }, null, 1),
    clusters: JSON.stringify({ cluster_statuses: inSnakeCase(recorded('endpoints')) }, null, 1),
  }
}
