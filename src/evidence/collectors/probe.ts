import { request as requestPlain, type ClientRequest, type IncomingMessage } from 'node:http'
import { addAbortSignal, type Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { defined } from '../../mesh/defined.ts'
import { PROBE_HEADER, userAgentOf, type Probe, type ProbeRequest } from '../../mesh/probe.ts'
import { UnseenError, type Clients } from '../clients/clients.ts'
import { redact } from '../redaction.ts'
import type { Step } from '../step.ts'

/** Milliseconds that a gateway has to answer; a look's own limit may be shorter. */
const ANSWER_WITHIN = 15_000
/** Milliseconds and bytes of an answer's body that are waited for; it is not kept. */
const BODY_WITHIN = 3000
const MOST_BODY = 256 * 1024
/** The port of a person's own machine that the command forwards. */
const LOCAL_PORT = 18080

const word = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

/** What a person would type to send the same, with a port-forward beside it. */
export function probeCommand({ pod, port, tls, method, authority, path, headers, id }: ProbeRequest): string {
  const [, host = authority, typed] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? []
  const scheme = tls === undefined ? 'http' : 'https'
  const asked = typed ?? (tls === undefined ? '80' : '443')
  return [
    method === 'HEAD' ? 'curl -sSI' : 'curl -sSi',
    ...(tls === undefined ? [] : ['-k']),
    `--connect-to ${word(`${host}:${asked}:localhost:${LOCAL_PORT}`)}`,
    ...Object.entries({ ...headers, [PROBE_HEADER]: id }).map(([name, value]) => `-H ${word(`${name}: ${value}`)}`),
    word(`${scheme}://${authority}${path}`),
    `# beside: kubectl port-forward -n ${pod.namespace ?? ''} ${pod.name} ${LOCAL_PORT}:${port}`,
  ].join(' ')
}

/** Sends one request to a gateway's own pod. */
export function probe(asked: ProbeRequest): Step<'probe'> {
  return {
    id: `probe ${asked.id}`,
    kind: 'probe',
    of: asked.pod,
    group: 'traffic',
    title: `probe of ${asked.authority}${redact(asked.path)} by ${asked.pod.name}`,
    source: redact(probeCommand(asked)),
    collect: (clients, signal) => send(asked, clients, signal),
  }
}

async function send(asked: ProbeRequest, { portForward }: Clients, signal: AbortSignal): Promise<Probe> {
  if (portForward === undefined)
    throw new UnseenError('unavailable', 'there is no cluster to send a request to: this is a recording')
  const tunnel = await portForward(asked.pod, asked.port, signal)
  const began = performance.now()
  const answer = await answerOf(asked, tunnel, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN)]))
  tunnel.destroy()
  return { ...asked, ...answer, milliseconds: Math.round(performance.now() - began) }
}

/** What comes back; that nothing does is an answer too, as the connection to the pod was there. */
async function answerOf(
  { pod, tls, method, authority, path, headers, id }: ProbeRequest,
  tunnel: Duplex,
  signal: AbortSignal,
): Promise<Pick<Probe, 'code' | 'failure'>> {
  try {
    const socket = tls === undefined ? tunnel : await handshake(tunnel, tls, signal)
    return await new Promise((resolve, reject) => {
      const sending: ClientRequest = requestPlain(
        {
          method,
          path,
          signal,
          setHost: false,
          headers: {
            ...headers,
            host: authority,
            'user-agent': userAgentOf(id),
            'x-request-id': id,
            [PROBE_HEADER]: id,
            accept: headers.accept ?? '*/*',
            connection: 'close',
          },
          createConnection: () => socket,
        },
        (response) => resolve(ended(response)),
      )
      sending.on('error', reject)
      tunnel.on('error', reject)
      sending.end()
    })
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error)
    const why = signal.aborted ? 'it did not answer in time' : says
    return { failure: redact(`${pod.name} did not answer: ${why}`).slice(0, 300) }
  }
}

/** The status, once the answer has ended: a proxy logs a request that is cut off as one whose caller hung up. An endless one is cut off. */
async function ended(response: IncomingMessage): Promise<Pick<Probe, 'code'>> {
  const enough = AbortSignal.timeout(BODY_WITHIN)
  let bytes = 0
  try {
    for await (const chunk of addAbortSignal(enough, response)) {
      bytes += (chunk as Buffer).length
      if (bytes > MOST_BODY) break
    }
  } catch {
    // The status is known all the same.
  }
  response.destroy()
  return defined({ code: response.statusCode })
}

/** Speaks TLS with whatever certificate: whether callers would trust it is told by the look at certificates. */
function handshake(tunnel: Duplex, { sni }: { sni?: string }, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      socket: tunnel,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(sni !== undefined && { servername: sni }),
    })
    socket.once('secureConnect', () => resolve(socket))
    socket.on('error', reject)
    const closed = (): void => reject(new Error('the connection was closed during the TLS handshake'))
    tunnel.once('end', closed)
    tunnel.once('close', closed)
    signal.addEventListener('abort', closed, { once: true })
  })
}
