import { Agent, request } from 'node:http'
import { Duplex } from 'node:stream'
import type { Ref } from '../../mesh/ref.ts'
import { UnseenError } from './clients.ts'
import { defined } from '../../mesh/defined.ts'
import { missingPermission } from './forbidden.ts'
import { onRefusal, openPodSocket, type ApiAccess } from './pod-socket.ts'
import { ByteBudget, textOf } from './byte-budget.ts'

/** What a tunnel needs. */
export interface TunnelOptions extends ApiAccess {
  /** What all answers of the process share; a budget of its own when absent. */
  budget?: ByteBudget | undefined
}

/** The API server does not open tunnels by WebSocket for this identity, or a proxy before it does not let one through; another way may be open. */
export class NoTunnelError extends UnseenError {}

/** Of a tunnel's one port: its bytes, and what the kubelet says of them. Each begins with the port's number in two bytes. */
const DATA = 0
const PORT_BYTES = 2

/**
 * Opens a tunnel to one port of a pod through the API server, as `kubectl port-forward` does, without a port on this machine.
 *
 * @throws {UnseenError} when there is no such pod, or it takes no connections
 * @throws {NoTunnelError} when the tunnel itself was refused
 */
export async function openTunnel(access: TunnelOptions, pod: Ref, port: number, signal: AbortSignal): Promise<Duplex> {
  const { name } = pod
  const socket = openPodSocket(access, pod, 'portforward', new URLSearchParams({ ports: String(port) }))
  return new Promise<Duplex>((resolve, reject) => {
    const stop = (): void => socket.terminate()
    signal.addEventListener('abort', stop, { once: true })
    const tunnel = new Duplex({
      read: () => socket.resume(),
      write(chunk: Buffer, _encoding, done) {
        socket.send(Buffer.concat([Buffer.from([DATA]), chunk]), done)
      },
      final(done) {
        socket.close()
        done()
      },
      destroy(error, done) {
        socket.terminate()
        done(error)
      },
    })
    // Who asks through it hears of its errors; while nobody does, they are of no account.
    tunnel.on('error', () => undefined)
    const headless = new Set<number>()
    socket.on('open', () => resolve(tunnel))
    socket.on('message', (message: Buffer) => {
      const channel = message[0] ?? DATA
      const body = message.subarray(headless.has(channel) ? 1 : 1 + PORT_BYTES)
      headless.add(channel)
      if (body.length === 0) return
      if (channel === DATA) {
        // Nobody reads as fast as it comes: the rest waits where it comes from.
        if (!tunnel.push(body)) socket.pause()
      } else tunnel.destroy(new UnseenError('unavailable', refusalOf(body.toString(), pod)))
    })
    socket.on('close', () => {
      signal.removeEventListener('abort', stop)
      tunnel.push(null)
    })
    socket.on('error', (error) => {
      const unseen = signal.aborted
        ? new UnseenError('timeout', `${name} did not answer in time`, { cause: error })
        : new NoTunnelError('unavailable', `no tunnel to ${name} (${error.message})`, { cause: error })
      tunnel.destroy(unseen)
      reject(unseen)
    })
    onRefusal(socket, (status, detail) => reject(refusal(status, detail, pod)))
  })
}

/** The kubelet's words, without where it stands. */
const refusalOf = (text: string, { name }: Ref): string =>
  `${name}: ${text.trim().split('\n')[0]?.slice(0, 300) ?? 'the connection failed'}`

function refusal(status: number, detail: string, { name, namespace = '' }: Ref): UnseenError {
  const isOfPod = status === 404 && detail.startsWith('pods "')
  if (isOfPod) return new UnseenError('unavailable', detail)
  if (status === 403)
    return new NoTunnelError('forbidden', detail, {
      permission: missingPermission(detail) ?? { verb: 'create', group: '', resource: 'pods/portforward', namespace },
    })
  return new NoTunnelError('unavailable', `no tunnel to ${name}: the API server answered ${status}: ${detail}`)
}

/** An agent whose one connection is a tunnel that is open already. */
class TunnelAgent extends Agent {
  private readonly tunnel: Duplex
  constructor(tunnel: Duplex) {
    super({ keepAlive: true, maxSockets: 1 })
    this.tunnel = tunnel
  }
  override createConnection(): Duplex {
    return this.tunnel
  }
  /** A tunnel has none of the settings of a TCP socket. */
  override keepSocketAlive(): void {
    // It stays open for as long as it is asked through.
  }
  override reuseSocket(): void {
    // Nothing is to be set.
  }
}

/** One answer of a pod's port. */
export interface PodAnswer {
  text: string
  /** What time it was where the pod runs, as its answer says: `Mon, 30 Nov 2026 02:00:00 GMT`. */
  date?: string
}

/** Asks one port of a pod for several paths, through one tunnel, one after the other. @throws {UnseenError} */
export async function askPod(
  access: TunnelOptions,
  pod: Ref,
  port: number,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<PodAnswer[]> {
  const { budget = new ByteBudget() } = access
  const tunnel = await openTunnel(access, pod, port, signal)
  const agent = new TunnelAgent(tunnel)
  // A tunnel that the kubelet closed before a question was put tells the question nothing.
  const failure = new Promise<never>((_, reject) => {
    const refused = (error: unknown): void => {
      if (error instanceof UnseenError) reject(error)
    }
    tunnel.once('error', refused)
    refused(tunnel.errored)
  })
  try {
    return await Promise.race([Promise.all(paths.map((path) => ask(agent, pod, path, signal, budget))), failure])
  } finally {
    tunnel.destroy()
    agent.destroy()
  }
}

async function ask(
  agent: Agent,
  { name }: Ref,
  path: string,
  signal: AbortSignal,
  budget: ByteBudget,
): Promise<PodAnswer> {
  return new Promise<PodAnswer>((resolve, reject) => {
    const fail = (error: unknown): void =>
      reject(
        signal.aborted
          ? new UnseenError('timeout', `${name} did not answer in time`, { cause: error })
          : error instanceof UnseenError
            ? error
            : new UnseenError('unavailable', `${name} did not answer ${path}: ${String(error)}`, { cause: error }),
      )
    const asking = request({ agent, host: 'localhost', path, signal }, (answer) => {
      if (answer.statusCode !== 200) {
        answer.on('error', fail)
        answer.resume()
        fail(new UnseenError('unavailable', `${name} answered ${path} with ${answer.statusCode ?? 0}`))
        return
      }
      const reading = budget.begin(`the answer of ${name} to ${path}`, { signal })
      textOf(answer, reading)
        .then((text) => {
          reading.end()
          resolve({ text, ...defined({ date: answer.headers.date }) })
        }, fail)
        .finally(() => reading.drop())
    })
    asking.on('error', fail)
    asking.end()
  })
}
