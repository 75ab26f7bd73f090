import type { App, Logger, Receiver, ReceiverEvent } from '@slack/bolt'
import { SocketModeClient } from '@slack/socket-mode'
import { defined } from '../../mesh/defined.ts'
import { setTimeout as pause } from 'node:timers/promises'

/** Milliseconds before each further try to connect; the last one is repeated. */
const PAUSES = [100, 500, 1000, 2000, 5000]
/** Milliseconds that a connection stays open beside the one that replaces it, for what Slack has sent through it and we have to acknowledge. */
const OVERLAP = 3000

/** How to reach Slack's Socket Mode. */
export interface SocketModeOptions {
  appToken: string
  /** For another address than Slack's. */
  apiUrl?: string
  logger: Logger
}

/** What the client emits for each envelope. */
interface Envelope {
  ack: (response?: unknown) => Promise<void>
  body: Record<string, unknown>
  retry_num?: number
  retry_reason?: string
}

/**
 * Bolt's way to Slack over Socket Mode without a gap. Slack ends each connection now and then and says so before (`disconnect`, reason
 * `refresh_requested` or `warning`); Slack's own client closes at once and connects again after 5 s, and commands in between never arrive.
 * Here the next connection is open before the old one is closed, and one that breaks is replaced at once.
 * @see https://docs.slack.dev/apis/events-api/using-socket-mode
 */
export class SocketModeConnections implements Receiver {
  private readonly options: SocketModeOptions
  private readonly open = new Set<SocketModeClient>()
  /** Those that Slack has asked to end. */
  private readonly ending = new WeakSet<SocketModeClient>()
  private app: App | undefined
  private stopping = new AbortController()
  private connecting: Promise<void> | undefined

  constructor(options: SocketModeOptions) {
    this.options = options
  }

  init(app: App): void {
    this.app = app
  }

  /** Connects. @throws Slack's own error when it does not work the first time */
  async start(): Promise<void> {
    this.stopping = new AbortController()
    await this.connect()
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await Promise.all([...this.open].map((client) => this.close(client)))
  }

  private async connect(): Promise<SocketModeClient> {
    const { appToken, apiUrl, logger } = this.options
    const client = new SocketModeClient({
      appToken,
      logger,
      autoReconnectEnabled: false,
      clientOptions: { ...defined({ slackApiUrl: apiUrl }), retryConfig: { retries: 0 } },
    })
    client.on('slack_event', (envelope: Envelope) => void this.take(envelope))
    this.insteadOfClosing(client, () => void this.replace(client))
    await client.start()
    if (this.stopping.signal.aborted) {
      await client.disconnect()
      return client
    }
    this.open.add(client)
    client.once('disconnected', () => {
      if (this.open.delete(client)) void this.replace(undefined)
    })
    return client
  }

  /** Runs `act` where the client would close its connection because Slack asks for it; everything else goes to the client as before. */
  private insteadOfClosing(client: SocketModeClient, act: () => void): void {
    const listeners = client.listeners('ws_message') as ((data: unknown, isBinary: boolean) => void)[]
    client.removeAllListeners('ws_message')
    client.on('ws_message', (data: unknown, isBinary: boolean) => {
      if (isRefresh(data)) act()
      else for (const listener of listeners) listener(data, isBinary)
    })
  }

  /** Opens a connection in the place of one that is to end, or that broke; several at once are replaced by one. */
  private async replace(old: SocketModeClient | undefined): Promise<void> {
    if (old === undefined ? this.open.size > 0 : !this.open.has(old) || this.ending.has(old)) return
    if (old !== undefined) this.ending.add(old)
    this.connecting ??= this.connectPatiently().finally(() => (this.connecting = undefined))
    await this.connecting
    if (old === undefined) return
    await pause(OVERLAP, undefined, { signal: this.stopping.signal }).catch(() => undefined)
    await this.close(old)
  }

  private async connectPatiently(): Promise<void> {
    for (let failed = 0; !this.stopping.signal.aborted; failed += 1) {
      try {
        await this.connect()
        return
      } catch (error) {
        this.options.logger.warn('no Socket Mode connection', error)
        const wait = PAUSES[Math.min(failed, PAUSES.length - 1)]
        await pause(wait, undefined, { signal: this.stopping.signal }).catch(() => undefined)
      }
    }
  }

  private async close(client: SocketModeClient): Promise<void> {
    this.open.delete(client)
    await client.disconnect()
  }

  private async take({ ack, body, retry_num: retryNum, retry_reason: retryReason }: Envelope): Promise<void> {
    let acknowledged: Promise<void> | undefined
    const event: ReceiverEvent = {
      body,
      ack: (response) => (acknowledged ??= ack(response)),
      ...defined({ retryNum, retryReason }),
    }
    try {
      await this.app?.processEvent(event)
    } catch (error) {
      this.options.logger.error('an event could not be handled', error)
    }
  }
}

function isRefresh(data: unknown): boolean {
  const text = typeof data === 'string' ? data : ''
  if (!text.includes('"disconnect"')) return false
  try {
    const { type, reason } = JSON.parse(text) as { type?: unknown; reason?: unknown }
    return type === 'disconnect' && (reason === 'refresh_requested' || reason === 'warning')
  } catch {
    return false
  }
}
