import { WebClient } from '@slack/web-api'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../../queue/log.ts'
import { boltLogger } from './bolt-logger.ts'
import { Pacer } from './pacer.ts'
import { SlackUnavailableError, troubleOf } from './slack-trouble.ts'
import { defined } from '../../mesh/defined.ts'

export interface SlackCallsOptions {
  token: string
  /** For another address than Slack's. */
  apiUrl?: string
  log: Log
  /** Milliseconds before each further try of a call whose answer was lost. */
  pauses?: readonly number[]
  /** Milliseconds one request may take. */
  timeout?: number
  /** Milliseconds between two messages in one channel. */
  postEvery?: number
}

const PAUSES = [300, 1000, 2500, 5000, 10_000, 20_000]
/** A channel that is limited for longer than this in all is given up for now. */
const MOST_LIMITED_SECONDS = 120

/**
 * Slack's Web API with patience: a 429 is waited for as long as it says, without holding up other calls; a lost answer is tried again.
 * Whether a lost call may be repeated is up to the caller, who can look whether it was carried out.
 */
export class SlackCalls {
  readonly client: WebClient
  /** When the next message may be posted in a channel. */
  readonly pacer: Pacer
  private readonly log: Log
  private readonly pauses: readonly number[]

  constructor({ token, apiUrl, log, pauses = PAUSES, timeout = 10_000, postEvery }: SlackCallsOptions) {
    this.log = log
    this.pacer = new Pacer(postEvery)
    this.pauses = pauses
    this.client = new WebClient(token, {
      ...defined({ slackApiUrl: apiUrl }),
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout,
      logger: boltLogger(log),
    })
  }

  /**
   * Calls Slack until it answers.
   * @param find looks whether a call whose answer was lost was carried out, and gives its result; without it the call is simply repeated
   * @throws MessageGoneError, ChannelClosedError, SlackUnavailableError, or Slack's own error
   */
  async patiently<T>(
    name: string,
    call: (client: WebClient) => Promise<T>,
    find?: () => Promise<T | undefined>,
  ): Promise<T> {
    let limited = 0
    let lost = 0
    for (;;) {
      try {
        return await call(this.client)
      } catch (error) {
        const trouble = troubleOf(error)
        if (trouble.kind === 'final') throw trouble.error
        if (trouble.kind === 'limited') {
          limited += trouble.seconds
          if (limited > MOST_LIMITED_SECONDS)
            throw new SlackUnavailableError(`Slack rate-limits ${name} for too long.`, { cause: error })
          await pause(trouble.seconds * 1000)
          continue
        }
        const wait = this.pauses[lost]
        lost += 1
        this.log.warn({ err: error, call: name, tried: lost }, 'Slack did not answer properly')
        if (wait === undefined) throw new SlackUnavailableError(`Slack did not answer ${name}.`, { cause: error })
        await pause(wait)
        const found = await find?.()
        if (found !== undefined) return found
      }
    }
  }

  /** One try, for what is not worth waiting for. @returns undefined when it did not work; final errors are thrown */
  async once<T>(call: (client: WebClient) => Promise<T>): Promise<T | { retryAfter: number } | undefined> {
    try {
      return await call(this.client)
    } catch (error) {
      const trouble = troubleOf(error)
      if (trouble.kind === 'final') throw trouble.error
      return trouble.kind === 'limited' ? { retryAfter: trouble.seconds } : undefined
    }
  }
}
