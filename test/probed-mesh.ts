import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { Clients } from '../src/evidence/clients/clients.ts'
import { replayClients, type Recording } from '../src/evidence/clients/recording.ts'
import type { KubernetesObject, Pod, VirtualService } from '../src/mesh/objects.ts'
import type { Ref } from '../src/mesh/ref.ts'
import { recordingOf } from './replay.ts'

/** What the gateway answers, and how the proxies log it. */
export interface GatewayAnswer {
  code: number
  /** Response flags and details, as the gateway logs them: `NC cluster_not_found`. Absent: the upstream answered. */
  flags?: string
  /** False when no log shows the request. */
  isLogged?: boolean
  /** How the sidecar that took the request logs it, as `flags`. Absent: the application answered. */
  inner?: string
}

/** A request as the gateway got it. */
export interface Received {
  method: string
  path: string
  headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface ProbedMesh {
  clients: Clients
  received: Received[]
  /** Pods and ports that were connected to. */
  connected: { pod: Ref; port: number }[]
  close(): Promise<void>
}

export interface ProbedMeshOptions {
  answer?: GatewayAnswer
  /** Instead of a connection to the gateway. */
  portForward?: Clients['portForward']
  /** The VirtualServices as they shall be. */
  routes?: (one: VirtualService) => VirtualService
}

/** A recorded mesh whose logs show no requests, with a gateway that takes requests and logs them as Istio does: under an id of its own. */
export async function probedMesh(from: string, options: ProbedMeshOptions = {}): Promise<ProbedMesh> {
  const { answer = { code: 200 }, routes } = options
  const recording = quiet(recordingOf(from), routes)
  const replayed = replayClients(recording)
  const pods = await replayed.kubernetes.list(
    { group: '', version: 'v1', plural: 'pods', kind: 'Pod' },
    { namespace: 'istioinaction' },
    new AbortController().signal,
  )
  const behind = (pods as Pod[]).find(({ status }) => status?.podIP !== undefined)
  const address = behind?.status?.podIP ?? ''
  const received: Received[] = []
  const connected: ProbedMesh['connected'] = []
  const lines: { gateway: string; sidecar: string }[] = []
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request
    received.push({ method, path, headers })
    const at = replayed.now().toISOString()
    const passed = answer.flags === undefined
    const line = (flags: string, cluster: string, upstream: string): string =>
      `[${at}] "${method} ${path} HTTP/1.1" ${answer.code} ${flags} - "-" 0 0 1 ${passed ? '1' : '-'} "10.0.0.9" "${headers['user-agent'] ?? ''}" "4a1c1f0e-${received.length}" "${headers.host ?? ''}" "${upstream}" ${cluster} 10.0.0.9:40000 10.0.0.9:8080 127.0.0.1:40000 - -`
    if (answer.isLogged !== false)
      lines.push({
        gateway: line(
          answer.flags ?? '- via_upstream',
          passed ? 'outbound|80|version-v1|catalog.istioinaction.svc.cluster.local' : '-',
          passed ? `${address}:3000` : '-',
        ),
        sidecar: passed ? line(answer.inner ?? '- via_upstream', 'inbound|3000||', `${address}:3000`) : '',
      })
    response.writeHead(answer.code).end('hello')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: local } = server.address() as AddressInfo
  return {
    received,
    connected,
    clients: {
      ...replayed,
      kubernetes: {
        ...replayed.kubernetes,
        async log(pod, container, tailLines, signal, window) {
          // A window is asked for by who looks for probes only; it is in no recording.
          if (window === undefined) return replayed.kubernetes.log(pod, container, tailLines, signal)
          const isGateway = pod.namespace === 'istio-system'
          const isBehind = pod.name === behind?.metadata.name
          return lines.map(({ gateway, sidecar }) => (isGateway ? gateway : isBehind ? sidecar : '')).join('\n')
        },
      },
      portForward:
        options.portForward ??
        ((pod, port) => {
          connected.push({ pod, port })
          return Promise.resolve(connect(local, '127.0.0.1'))
        }),
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** A recording in which nobody asked for anything. */
function quiet(recording: Recording, routes: ProbedMeshOptions['routes']): Recording {
  const { madeAt, calls } = recording
  return {
    madeAt,
    calls: calls.map((call) => {
      if (call.call.startsWith('kubernetes log ') && call.text !== undefined)
        return { ...call, text: call.text.replace(/^\[\d{4}-.*$\n?/gm, '') }
      if (call.call.startsWith('kubernetes list virtualservices') && routes !== undefined)
        return { ...call, json: (call.json as KubernetesObject[]).map((one) => routes(one as VirtualService)) }
      return call
    }),
  }
}
