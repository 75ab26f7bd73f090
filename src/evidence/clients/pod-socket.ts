import type { IncomingMessage } from 'node:http'
import type { RequestOptions } from 'node:https'
import WebSocket from 'ws'
import type { Ref } from '../../mesh/ref.ts'

/** What a WebSocket to the API server needs: its address, and the options that carry the credentials. */
export interface ApiAccess {
  /** `https://10.0.0.1:6443` */
  server: string
  options: RequestOptions
}

/** Bytes of a refusal that are read. */
const LONGEST_REFUSAL = 4096
/** Bytes of one message; the kubelet sends tens of kilobytes. */
const MOST_MESSAGE = 8 * 1024 * 1024

/** Opens a WebSocket to a subresource of a pod, in the protocol whose messages begin with the number of a channel. */
export function openPodSocket(
  { server, options }: ApiAccess,
  { name, namespace = '' }: Ref,
  subresource: 'exec' | 'portforward',
  query: URLSearchParams,
): WebSocket {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/${subresource}?${query.toString()}`
  return new WebSocket(server.replace(/^http/, 'ws').replace(/\/$/, '') + path, 'v4.channel.k8s.io', {
    ...(options as object),
    perMessageDeflate: false,
    maxPayload: MOST_MESSAGE,
  })
}

/** Hears of a socket that the API server refuses to open: its status, and what it says of why, at most 600 characters. */
export function onRefusal(socket: WebSocket, refused: (status: number, detail: string) => void): void {
  socket.on('unexpected-response', (_request: unknown, answer: IncomingMessage) => {
    let text = ''
    answer.on('data', (chunk: Buffer) => (text = `${text}${chunk.toString()}`.slice(0, LONGEST_REFUSAL)))
    answer.on('close', () => {
      refused(answer.statusCode ?? 0, detailOf(text))
      socket.terminate()
    })
  })
}

function detailOf(text: string): string {
  let detail = text
  try {
    detail = (JSON.parse(text) as { message?: string }).message ?? text
  } catch {
    // Proxies in front of an API server answer with plain text.
  }
  return detail.trim().slice(0, 600)
}
