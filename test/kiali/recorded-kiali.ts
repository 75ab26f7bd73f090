import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** What a real Kiali answered about chapter 10, before and after its DestinationRule. */
export type Recorded = 'broken' | 'fixed'

/** A file of it, as it was sent. */
export const kialiAnswer = (recorded: Recorded, what: 'namespace-config' | 'app-health'): string =>
  readFileSync(join(import.meta.dirname, `${recorded}-${what}.json`), 'utf8')

/** Answers one request. */
export type Answering = (request: IncomingMessage, response: ServerResponse) => void

/** Answers as that Kiali did; for namespaces that it was not asked about, that there is nothing. */
export const asRecorded =
  (recorded: Recorded): Answering =>
  ({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://kiali')
    const namespace = /^\/kiali\/api\/namespaces\/([^/]+)\/istio$/.exec(pathname)?.[1]
    if (namespace !== undefined)
      response.end(
        namespace === 'istioinaction'
          ? kialiAnswer(recorded, 'namespace-config')
          : JSON.stringify({ resources: {}, validations: {} }),
      )
    else if (pathname === '/kiali/api/clusters/health')
      response.end(
        searchParams.get('namespaces') === 'istioinaction'
          ? kialiAnswer(recorded, 'app-health')
          : JSON.stringify({ namespaceAppHealth: {} }),
      )
    else response.writeHead(404).end()
  }

/** A Kiali over HTTP: its address with the web root, and how it is closed. */
export async function serveKiali(answer: Answering): Promise<{ url: string; close: () => void }> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/kiali`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
