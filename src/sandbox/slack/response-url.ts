import { randomBytes } from 'node:crypto'

import { checkMessageContent } from './message-content.ts'
import { Refusal, refusalWithReasons } from './refusal.ts'
import { isFields } from '../../mesh/fields.ts'
import type { Workspace } from './workspace.ts'

/** What a response_url speaks for. */
export interface ResponseOrigin {
  readonly user: string
  readonly channel: string
  /** The message whose button was pressed: what replace_original and delete_original are about. */
  readonly original?: { readonly ts: string; readonly isEphemeral: boolean; readonly threadTs?: string }
}

interface Issued extends ResponseOrigin {
  readonly madeAt: number
  uses: number
}

/** response_urls: 5 uses within 30 minutes each (Slack: handling user interaction). */
export class ResponseUrls {
  readonly #byId = new Map<string, Issued>()
  readonly #workspace: Workspace
  readonly #limits: { readonly uses: number; readonly lifetimeMilliseconds: number }

  constructor(workspace: Workspace, limits: { readonly uses: number; readonly lifetimeMilliseconds: number }) {
    this.#workspace = workspace
    this.#limits = limits
  }

  /** The path of a fresh response_url. */
  issue(origin: ResponseOrigin): string {
    const id = randomBytes(12).toString('hex')
    this.#byId.set(id, { ...origin, madeAt: Date.now(), uses: 0 })
    return `/response/${id}`
  }

  /**
   * Carries out what the app posted.
   * @param body decoded JSON
   * @returns the `ts` of a message that everybody sees, when there is one
   * @throws Refusal `expired_url` (unknown or too old: 404), `used_url` (sixth use: 404), or what the content breaks
   */
  respond(id: string, body: unknown): { readonly ts?: string } {
    const issued = this.#byId.get(id)
    if (issued === undefined || Date.now() - issued.madeAt > this.#limits.lifetimeMilliseconds)
      throw new Refusal('expired_url')
    if (issued.uses >= this.#limits.uses) throw new Refusal('used_url')
    if (!isFields(body)) throw new Refusal('invalid_payload')
    issued.uses += 1
    if (body.delete_original === true) return this.#deleteOriginal(issued)
    const content = checkMessageContent(body)
    const { original } = issued
    if (body.replace_original === true && original !== undefined) {
      return original.isEphemeral
        ? this.#replaceEphemeral(original.ts, content)
        : this.#replaceMessage(issued.channel, original.ts, content)
    }
    const { response_type: type } = body
    if (type !== undefined && type !== 'in_channel' && type !== 'ephemeral')
      throw refusalWithReasons('invalid_arguments', ['response_type must be in_channel or ephemeral'])
    const isForAll = body.response_type === 'in_channel'
    const threadTs = typeof body.thread_ts === 'string' ? body.thread_ts : undefined
    // Documented is the way into a thread of a message that everybody sees, and of no other.
    if (threadTs !== undefined && !isForAll)
      throw refusalWithReasons('invalid_arguments', ['thread_ts needs response_type in_channel'])
    if (isForAll) {
      const { userId, botId } = this.#workspace.app
      const thread = threadTs === undefined ? {} : { threadTs }
      return { ts: this.#workspace.post({ ...content, ...thread, channel: issued.channel, user: userId, botId }).ts }
    }
    this.#workspace.showEphemeral({
      ...content,
      channel: issued.channel,
      user: issued.user,
      via: 'response_url',
    })
    return {}
  }

  #deleteOriginal(issued: Issued): { readonly ts?: string } {
    const { original } = issued
    if (original === undefined) throw new Refusal('message_not_found')
    if (original.isEphemeral) {
      this.#workspace.removeEphemeral(original.ts)
      return {}
    }
    const message = this.#workspace.message(issued.channel, original.ts)
    if (message === undefined) throw new Refusal('message_not_found')
    this.#workspace.remove(message)
    return { ts: original.ts }
  }

  #replaceEphemeral(ts: string, content: ReturnType<typeof checkMessageContent>): { readonly ts?: string } {
    const before = this.#workspace.ephemerals().find((ephemeral) => ephemeral.ts === ts)
    if (before === undefined) throw new Refusal('message_not_found')
    this.#workspace.replaceEphemeral(before, content)
    return {}
  }

  #replaceMessage(
    channel: string,
    ts: string,
    content: ReturnType<typeof checkMessageContent>,
  ): { readonly ts?: string } {
    const before = this.#workspace.message(channel, ts)
    if (before === undefined || before.isTombstone === true) throw new Refusal('message_not_found')
    this.#workspace.replace(before, { ...content, editedTs: this.#workspace.nextTs() })
    return { ts }
  }
}
