import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers a request. @returns false when it is for another one */
export type Route = (request: IncomingMessage, response: ServerResponse) => boolean

/** A server that listens. */
export interface HttpServer {
  port: number
  close(): Promise<void>
}

/** Milliseconds in which the head of a request has to be here. */
const HEADERS_WITHIN = 10_000

/**
 * Serves routes on one port, the first that answers; any other request gets 404.
 * @param port 0 takes a free one
 * @param elsewhere what is said there
 */
export async function startHttpServer(port: number, routes: readonly Route[], elsewhere: string): Promise<HttpServer> {
  const server = createServer({ headersTimeout: HEADERS_WITHIN }, (request, response) => {
    if (!routes.some((route) => route(request, response)))
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end(`${elsewhere}\n`)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
