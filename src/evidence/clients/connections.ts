import { createHash } from 'node:crypto'
import type { DispatcherOptions, KubeConfig } from '@kubernetes/client-node'
import { Agent } from 'undici'
import type { RequestOptions } from 'node:https'

/** Connections to one API server that are open at once. */
const MOST_CONNECTIONS = 6

/**
 * The connections to an API server, kept from one request to the next: the Kubernetes client makes new ones for each, and a TLS handshake takes longer
 * than a list. Credentials may change while a bot runs, a certificate or its file; then connections are made anew.
 */
export class Connections {
  private readonly config: KubeConfig
  private kept: { key: string; agent: Agent } | undefined

  constructor(config: KubeConfig) {
    this.config = config
  }

  /** The connections for who asks now; undefined where they lead through a proxy, or need nothing of their own. */
  async current(): Promise<Agent | undefined> {
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
      this.kept = { key: name, agent: new Agent({ connect, connections: MOST_CONNECTIONS }) }
    }
    return this.kept.agent
  }
}

/** Credentials themselves are not kept twice. */
const digestOf = ({ connect }: Extract<DispatcherOptions, { type: 'agent' }>): string =>
  createHash('sha256')
    .update(JSON.stringify(connect, (_, value: unknown) => (Buffer.isBuffer(value) ? value.toString('base64') : value)))
    .digest('hex')
