import type { ServicePort } from './objects.ts'

const HTTP_PROTOCOLS = ['http', 'http2', 'grpc', 'grpc-web', 'h2c']

/**
 * The protocol over HTTP that a Service states for one of its ports, and where: appProtocol, else the name up to its first hyphen, as istiod reads them. Undefined where
 * it states another, or none.
 */
export function httpProtocolOf({
  name = '',
  appProtocol,
}: ServicePort): { protocol: string; from: string } | undefined {
  // Kubernetes' own names (KEP-3726): kubernetes.io/h2c, kubernetes.io/ws.
  const stated = appProtocol?.toLowerCase().replace(/^kubernetes\.io\//, '')
  if (stated !== undefined && HTTP_PROTOCOLS.includes(stated))
    return { protocol: stated, from: `appProtocol ${appProtocol ?? ''}` }
  const named = name.toLowerCase().startsWith('grpc-web') ? 'grpc-web' : (name.toLowerCase().split('-')[0] ?? '')
  return stated === undefined && HTTP_PROTOCOLS.includes(named)
    ? { protocol: named, from: `the name ${name}` }
    : undefined
}
