import { createHash } from 'node:crypto'
import type { DispatcherOptions, KubeConfig } from '@kubernetes/client-node'
import {
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  type RequestContext,
  type ResponseContext,
} from '@kubernetes/client-node/dist/gen/http/http.js'
import { Agent } from 'undici'
import type { RequestOptions } from 'node:https'

/** Connections to one API server that are open at once. */
const MOST_CONNECTIONS = 6

/** What is said of a connection that was there and ended: by the peer's FIN, by its RST, or while the request was written. */
const ENDED: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/**
 * The connections to an API server, kept from one request to the next: the Kubernetes client makes new ones for each, and a TLS handshake takes longer
 * than a list. Credentials may change while a bot runs, a certificate or its file; then connections are made anew.
 */
export class Connections {
  private readonly config: KubeConfig
  private readonly http = new IsomorphicFetchHttpLibrary()
  private kept: { key: string; agent: Agent; fresh: () => Agent } | undefined

  constructor(config: KubeConfig) {
    this.config = config
  }

  /**
   * Sends a request, and resolves to the head of its answer. A peer may end a connection in the moment in which it is used again: what only asks is asked once
   * more then, on a new one, where nothing was answered; anything else may have been done.
   */
  async send(request: RequestContext): Promise<ResponseContext> {
    const kept = await this.current()
    if (kept !== undefined) request.setDispatcher(kept.agent)
    try {
      return await this.http.send(request).toPromise()
    } catch (error) {
      const mayRepeat = request.getHttpMethod() === HttpMethod.GET && request.getSignal()?.aborted !== true
      if (kept === undefined || !mayRepeat || !hasEnded(error)) throw error
      const fresh = kept.fresh()
      request.setDispatcher(fresh)
      try {
        return await this.http.send(request).toPromise()
      } finally {
        // It ends with the answer.
        void fresh.close()
      }
    }
  }

  /** The connections for who asks now; undefined where they lead through a proxy, or need nothing of their own. */
  private async current(): Promise<{ agent: Agent; fresh: () => Agent } | undefined> {
    const access: RequestOptions = {}
    await this.config.applyToHTTPSOptions(access)
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = access
    const options = this.config.createDispatcherOptions(this.config.getCurrentCluster(), {
      ca,
      cert,
      key,
      pfx,
      passphrase,
      rejectUnauthorized,
      servername,
    })
    if (options.type !== 'agent') return undefined
    const name = digestOf(options)
    if (this.kept?.key !== name) {
      // Requests that are under way end on the connections they have.
      void this.kept?.agent.close()
      const connect = options.connect as NonNullable<Agent.Options['connect']>
      this.kept = {
        key: name,
        agent: new Agent({ connect, connections: MOST_CONNECTIONS }),
        fresh: () => new Agent({ connect, connections: 1 }),
      }
    }
    return this.kept
  }
}

const hasEnded = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && 'code' in error.cause && ENDED.has(error.cause.code)

/** Credentials themselves are not kept twice. */
const digestOf = ({ connect }: Extract<DispatcherOptions, { type: 'agent' }>): string =>
  createHash('sha256')
    .update(JSON.stringify(connect, (_, value: unknown) => (Buffer.isBuffer(value) ? value.toString('base64') : value)))
    .digest('hex')
