import type { Evidence } from '../../evidence/evidence.ts'
import { fromFqdn } from '../../mesh/host.ts'
import { defined } from '../../mesh/defined.ts'

/** A port of a host, as the object that registers it says. */
export interface HostPort {
  number: number
  name?: string
  targetPort?: number | string
  /** As istiod reads it: appProtocol, then the port's name, then its protocol. */
  speaks: 'http' | 'tls' | 'tcp' | 'unknown'
}

const HTTP = /^(http|http2|grpc|grpc-web)$/
const TLS = /^(https|tls)$/

/** The ports of a host, in the order they are declared. */
export function portsOfHost(host: string, evidence: Evidence): HostPort[] {
  const { name, namespace } = fromFqdn(host) ?? {}
  const service =
    name === undefined || namespace === undefined ? undefined : evidence.object('services', namespace, name)
  const ports = (service?.spec?.ports ?? []).map(
    ({ port, name: called, targetPort, appProtocol, protocol }): HostPort => ({
      number: port,
      ...defined({ name: called, targetPort }),
      speaks: spoken(appProtocol ?? called?.split('-')[0], protocol),
    }),
  )
  const external = evidence
    .objects('service-entries')
    .filter(({ spec }) => (spec?.hosts ?? []).includes(host))
    .flatMap(({ spec }) => spec?.ports ?? [])
    .map(({ number, name: called, protocol }): HostPort => ({
      number,
      ...defined({ name: called }),
      speaks: spoken(protocol, 'TCP'),
    }))
  return [...ports, ...external]
}

function spoken(protocol: string | undefined, transport: string | undefined): HostPort['speaks'] {
  const said = (protocol ?? '')
    .toLowerCase()
    .replace(/^kubernetes\.io\//, '')
    .replace(/^h2c$/, 'http2')
  if (HTTP.test(said)) return 'http'
  if (TLS.test(said)) return 'tls'
  return said.startsWith('tcp') || (transport ?? 'TCP') !== 'TCP' ? 'tcp' : 'unknown'
}

/** `80 (http)` */
export const formatPort = ({ number, name }: HostPort): string =>
  name === undefined ? String(number) : `${number} (${name})`
