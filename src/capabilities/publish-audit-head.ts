import type { Log } from '../queue/log.ts'
import { AuditRewrittenError, signHead, type AuditHead } from '../store/audit-head.ts'
import type { Records } from '../store/records.ts'

/** Milliseconds between two looks at the end of the audit, and in which a webhook has to answer. */
const EVERY = 15_000
const ANSWERS_WITHIN = 5000

/** How the head of the audit is signed, and where it goes beside the log. */
export interface AuditHeadOptions {
  /** Absent: heads are published, and not signed. */
  key?: string | undefined
  /** An address that takes `{sequence, head, at, signature}` by POST. */
  webhook?: string | undefined
}

/** Publishes the head of the audit where who can write to the store cannot: in the log, and by a webhook. */
export class AuditHeadPublisher {
  private readonly records: Records
  private readonly log: Log
  private readonly options: AuditHeadOptions
  private known: AuditHead | undefined
  /** Heads that the webhook has not taken yet: the last of them tells all. */
  private owed: AuditHead | undefined
  private timer: NodeJS.Timeout | undefined
  private publishing: Promise<void> | undefined

  constructor(records: Records, log: Log, options: AuditHeadOptions = {}) {
    this.records = records
    this.log = log
    this.options = options
  }

  /** Publishes now, and from now on whenever the audit has grown. */
  start(every = EVERY): void {
    this.timer ??= setInterval(() => void this.publish(), every).unref()
    void this.publish()
  }

  /** Publishes what has come since, and no more after that. */
  async stop(): Promise<void> {
    clearInterval(this.timer)
    await this.publish()
  }

  /** Never rejects. */
  publish(): Promise<void> {
    return (this.publishing ??= this.publishOnce().finally(() => (this.publishing = undefined)))
  }

  private async publishOnce(): Promise<void> {
    try {
      const made = await signHead(this.records, this.options.key, this.known)
      if (made !== undefined) {
        this.known = made.head
        this.owed = made.head
        this.log.info({ audit: made.head, first: made.isFirst }, 'the head of the audit')
      }
    } catch (err) {
      if (err instanceof AuditRewrittenError) this.log.error({ err }, 'the audit was changed; its head is not signed')
      else this.log.warn({ err }, 'the head of the audit could not be published')
    }
    await this.send()
  }

  private async send(): Promise<void> {
    const { webhook } = this.options
    const { owed } = this
    if (webhook === undefined || owed === undefined) return
    try {
      const answer = await fetch(webhook, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(owed),
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWERS_WITHIN),
      })
      await answer.body?.cancel()
      if (!answer.ok) throw new Error(`the webhook answered ${answer.status}`)
      if (this.owed === owed) this.owed = undefined
    } catch (err) {
      this.log.warn(
        { err, sequence: owed.sequence },
        'the head of the audit did not reach the webhook; it is tried again',
      )
    }
  }
}
