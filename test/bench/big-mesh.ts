import { readFileSync, writeFileSync } from 'node:fs'
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

function grown(call: string, json: unknown, services: number): unknown {
  if (!Array.isArray(json)) return json
  const list = json as Fields[]
  if (/ (clusters|endpoints) /.test(call)) return multiplied(list, services, named('outbound|80||catalog.'))
  if (call.includes(' routes ')) {
    return list.map((configuration) =>
      configuration.name === '80'
        ? {
            ...configuration,
            virtualHosts: multiplied(configuration.virtualHosts as Fields[], services, named('catalog.')),
          }
        : configuration,
    )
  }
  if (call.includes(' listeners ') && list.some(named('0.0.0.0_80'))) {
    // One in ten services listens on a port of its own, as TCP services do.
    const pattern = JSON.stringify(list.find(named('0.0.0.0_80')))
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
        : entry,
    ),
  }
}

const TYPES = {
  listeners: 'listener.v3.Listener',
  clusters: 'cluster.v3.Cluster',
  routes: 'route.v3.RouteConfiguration',
} as const

/** One sidecar's part of it as Envoy's config_dump, which `istioctl proxy-config all -f` prints. */
export function writeConfigDump(recording: Recording, file: string): void {
  const of = (kind: keyof typeof TYPES): Fields[] => {
    const entry = recording.calls.find(({ call }) => call.startsWith(`istioctl proxy-config ${kind} catalog-v2-`))
    return (entry?.json as Fields[]).map((piece) => ({
      '@type': `type.googleapis.com/envoy.config.${TYPES[kind]}`,
      ...piece,
    }))
  }
  const dump = {
    configs: [
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
        dynamicActiveClusters: of('clusters').map((cluster) => ({ cluster })),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
        dynamicListeners: of('listeners').map((listener) => ({ name: listener.name, activeState: { listener } })),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
        dynamicRouteConfigs: of('routes').map((routeConfig) => ({ routeConfig })),
      },
    ],
  }
  writeFileSync(file, JSON.stringify(dump, null, 1))
}
