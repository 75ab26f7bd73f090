import { isProviderName } from '../../fixes/lent-telemetry.ts'
import { isFields, type Fields } from '../../mesh/fields.ts'
import { LeaseRefusedError } from '../lease-refused.ts'

/** The provider that Istio has of its own: it prints to the proxy's output, in the format and encoding of the mesh configuration. */
export const BUILT_IN = 'envoy'
/** Where a proxy's own log has its lines from. */
const OUTPUTS = ['/dev/stdout', '/dev/stderr', '']

/** Operators that tell of the connection a request used, with the first release of Istio whose proxies know them (Envoy 1.33: the points US_CX_BEG and US_CX_END). */
const OF_CONNECTIONS = ['COMMON_DURATION(US_CX_END:US_TX_BEG', 'UPSTREAM_CONNECTION_ID'] as const
const KNOWN_SINCE = [1, 25] as const

/** A provider of access logs that prints to its proxy's output. */
export interface AccessLogProvider {
  name: string
  /** Fields of connections that its format has. */
  connections: readonly string[]
  isJson: boolean
}

function providerIn(provider: Fields): AccessLogProvider | undefined {
  const file = provider.envoyFileAccessLog
  if (typeof provider.name !== 'string' || !isProviderName(provider.name) || !isFields(file)) return undefined
  if (!OUTPUTS.includes(typeof file.path === 'string' ? file.path : '')) return undefined
  const format = isFields(file.logFormat) ? file.logFormat : {}
  return { name: provider.name, ...aboutFormat(format.labels ?? format.text) }
}

function aboutFormat(format: unknown): Omit<AccessLogProvider, 'name'> {
  const text = typeof format === 'string' ? format : JSON.stringify(format ?? '')
  return {
    connections: OF_CONNECTIONS.filter((operator) => text.includes(`%${operator}`)),
    isJson: isFields(format) || /^\s*\{/.test(text),
  }
}

/** The providers of a mesh configuration that print to the proxy's output, Istio's own among them unless another has its name. */
export function providersIn(mesh: Fields): AccessLogProvider[] {
  const all = Array.isArray(mesh.extensionProviders) ? mesh.extensionProviders.filter(isFields) : []
  const named = all.flatMap((one) => providerIn(one) ?? [])
  // Istio does not tell names by their case.
  if (all.some(({ name }) => typeof name === 'string' && name.toLowerCase() === BUILT_IN)) return named
  const { connections, isJson } = aboutFormat(mesh.accessLogFormat)
  return [...named, { name: BUILT_IN, connections, isJson: isJson || mesh.accessLogEncoding === 'JSON' }]
}

/** `1.31.0`, `1.31-dev`: release and minor; undefined for other texts. */
function releaseOf(version: string): readonly [number, number] | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? []
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)]
}

/** True when every proxy is of a release that knows the fields of connections; an unknown field may make a proxy refuse its listeners. */
function knowConnections(versions: readonly (string | undefined)[]): boolean {
  return (
    versions.length > 0 &&
    versions.every((version) => {
      const release = version === undefined ? undefined : releaseOf(version)
      if (release === undefined) return false
      const [major, minor] = release
      return major > KNOWN_SINCE[0] || (major === KNOWN_SINCE[0] && minor >= KNOWN_SINCE[1])
    })
  )
}

/** The provider that is used, and what is worth knowing about the choice. */
export interface ChosenProvider extends AccessLogProvider {
  note?: string
}

/**
 * Chooses the provider: the one that was named; else the one whose format tells most of connections, where the proxies know these fields; else Istio's own.
 * @param versions of the workload's proxies; undefined where it is not known
 * @throws LeaseRefusedError when there is none of that name, or none at all
 */
export function chooseProvider(
  mesh: Fields,
  versions: readonly (string | undefined)[],
  named?: string,
): ChosenProvider {
  const providers = providersIn(mesh)
  const names = providers.map(({ name }) => name)
  if (named !== undefined) {
    const found = providers.find(({ name }) => name === named)
    if (found !== undefined) return found
    throw new LeaseRefusedError(
      `The mesh configuration has no provider ${JSON.stringify(named.slice(0, 60))} that prints access logs to the proxy's output.`,
      names.length === 0 ? [] : [`Providers: ${names.join(', ')}`],
    )
  }
  const usual = providers.find(({ name }) => name.toLowerCase() === BUILT_IN)
  const [most] = providers.toSorted((a, b) => b.connections.length - a.connections.length)
  if (most !== undefined && most.connections.length > (usual?.connections.length ?? 0)) {
    if (knowConnections(versions)) return { ...most, note: `its format has ${fieldsOf(most)}` }
    if (usual !== undefined)
      return {
        ...usual,
        note: `provider ${most.name} has ${fieldsOf(most)}, which not all of these proxies are known to understand (Istio ${KNOWN_SINCE.join('.')})`,
      }
  }
  const chosen = usual ?? providers[0]
  if (chosen !== undefined) return chosen
  throw new LeaseRefusedError(
    `The mesh configuration has no provider that prints access logs to the proxy's output: ${BUILT_IN} is another there.`,
    ['Add a provider with envoyFileAccessLog and path /dev/stdout to extensionProviders of MeshConfig.'],
  )
}

/** `connection age, connection id` */
function fieldsOf({ connections }: AccessLogProvider): string {
  return connections
    .map((one) => (one === OF_CONNECTIONS[0] ? 'the age of the connection' : 'the id of the connection'))
    .join(' and ')
}
