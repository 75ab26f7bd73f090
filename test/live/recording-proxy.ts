import { createServer, STATUS_CODES, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request, type RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { parse } from 'yaml'
import { attributesOf, type RequestAttributes } from './request-attributes.ts'
import { kubectl } from './mesh.ts'

/** One request as it went through, and how the API server answered. */
export interface Asked {
  asks: RequestAttributes
  userAgent: string
  status: number
  /** The API server's words, of a refusal. */
  refusal?: string
}

/** A proxy in front of the API server that gives every request one identity and writes down what it asks for. */
export interface RecordingProxy {
  url: string
  /** What was asked since the last call. */
  taken(): Asked[]
  close(): Promise<void>
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string } }[]
}

/** Starts one in front of the current context's API server; clients connect without TLS, so they send no credentials of their own. */
export async function startRecordingProxy(token: string): Promise<RecordingProxy> {
  const { clusters } = parse(await kubectl(['config', 'view', '--raw', '--minify'])) as Kubeconfig
  const { server: apiServer, 'certificate-authority-data': authority } = clusters[0]!.cluster
  const ca = authority === undefined ? undefined : Buffer.from(authority, 'base64')
  let asked: Asked[] = []
  const open = new Set<Duplex>()

  const onward = (incoming: IncomingMessage): RequestOptions & { headers: OutgoingHttpHeaders } => {
    const { hostname, port } = new URL(apiServer)
    return {
      hostname,
      port: port === '' ? 443 : port,
      ca,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, host: new URL(apiServer).host, authorization: `Bearer ${token}` },
    }
  }
  const note = ({ method = '', url = '', headers }: IncomingMessage, status: number): Asked => {
    const entry: Asked = { asks: attributesOf(method, url), userAgent: headers['user-agent'] ?? '', status }
    asked.push(entry)
    return entry
  }

  const proxy = createServer((incoming, outgoing) => {
    const upstream = request(onward(incoming), (answer) => {
      const entry = note(incoming, answer.statusCode ?? 0)
      if (entry.status === 403)
        answer.on('data', (chunk: Buffer) => (entry.refusal = `${entry.refusal ?? ''}${chunk.toString()}`))
      outgoing.writeHead(entry.status, answer.headers)
      answer.pipe(outgoing)
    })
    upstream.on('error', () => outgoing.destroy())
    outgoing.on('close', () => upstream.destroy())
    incoming.pipe(upstream)
  })
  // Port-forwards leave HTTP: from then on bytes are passed on as they are.
  proxy.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const upstream = request(onward(incoming))
    const headOf = ({ statusCode = 502, rawHeaders }: IncomingMessage): string => {
      const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1] ?? ''}\r\n`] : []))
      return `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? ''}\r\n${lines.join('')}\r\n`
    }
    socket.on('error', () => upstream.destroy())
    upstream.on('error', () => socket.destroy())
    upstream.on('response', (answer) => {
      const entry = note(incoming, answer.statusCode ?? 0)
      socket.write(headOf(answer))
      answer.on('data', (chunk: Buffer) => (entry.refusal = `${entry.refusal ?? ''}${chunk.toString()}`))
      answer.pipe(socket)
    })
    upstream.on('upgrade', (answer, behind: Duplex, first: Buffer) => {
      note(incoming, answer.statusCode ?? 0)
      behind.on('error', () => socket.destroy())
      behind.on('close', () => socket.destroy())
      socket.on('close', () => behind.destroy())
      socket.write(headOf(answer))
      socket.write(first)
      behind.write(head)
      behind.pipe(socket)
      socket.pipe(behind)
    })
    upstream.end()
  })
  proxy.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    taken() {
      const taken = asked
      asked = []
      return taken
    },
    async close() {
      const closed = new Promise((resolve) => proxy.close(resolve))
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}
