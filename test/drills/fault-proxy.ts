import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How an HTTP request goes wrong; `lost`: it is carried out, and its answer does not come back. */
export const HTTP_FAULTS = ['timeout', '403', '404', '409', '429', '500', 'cut', 'lost', 'garbage'] as const
export type HttpFault = (typeof HTTP_FAULTS)[number]

/** Stands before a server and lets one of the requests to it go wrong. */
export class FaultProxy {
  /** Called for each request; says how it goes wrong, if it does. */
  next: () => HttpFault | undefined = () => undefined
  private readonly target: URL
  private readonly server = createServer((incoming, response) => this.pass(incoming, response))

  constructor(target: string) {
    this.target = new URL(target)
  }

  /** Where the proxy is, with the path of the server it stands before. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve)
    })
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${this.target.pathname}`
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => {
      this.server.close(resolve)
    })
  }

  private pass(incoming: IncomingMessage, response: ServerResponse): void {
    const fault = this.next()
    if (fault === 'cut') return void incoming.socket.destroy()
    if (fault === 'timeout') return
    if (fault === 'garbage') return void response.writeHead(200, { 'content-type': 'application/json' }).end('<html>{')
    if (fault === '429') return void response.writeHead(429, { 'retry-after': '1' }).end()
    if (fault !== undefined && fault !== 'lost') return void response.writeHead(Number(fault)).end('no')
    const { hostname, port } = this.target
    const passed = forward(
      { hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers },
      (answer) => {
        if (fault === 'lost') {
          answer.resume().on('end', () => incoming.socket.destroy())
          return
        }
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      },
    )
    passed.on('error', () => incoming.socket.destroy())
    incoming.pipe(passed)
  }
}
