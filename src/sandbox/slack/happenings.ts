import { EventEmitter } from 'node:events'

import type { Ephemeral, Message, ShownView, StoredFile } from './records.ts'

/** What a listener gets for each kind of happening. */
export interface Happenings {
  /** A new message in a channel or thread. */
  message: { readonly message: Message }
  update: { readonly before: Message; readonly message: Message }
  delete: { readonly message: Message }
  /** A new or replaced message that one person sees. */
  ephemeral: { readonly ephemeral: Ephemeral }
  /** A file was shared into a channel; `message` carries it. */
  file: { readonly file: StoredFile; readonly message: Message }
  /** A view was opened, pushed, updated, or closed. */
  view: { readonly view: ShownView; readonly became: 'open' | 'updated' | 'closed' }
  reaction: { readonly message: Message; readonly name: string }
  /** A Web API call, upload or response_url post was answered. */
  call: { readonly call: ApiCall }
  /** Slack's side of a delivery to the app ended. */
  delivery: { readonly kind: string; readonly outcome: string }
}

/** One request of the app to Slack, for assertions. */
export interface ApiCall {
  /** The Web API method, or `response_url`, or `upload`. */
  readonly method: string
  /** Decoded: JSON inside form fields is parsed; the token is left out. */
  readonly arguments: Readonly<Record<string, unknown>>
  /** When it came in, milliseconds since 1970. */
  readonly at: number
  /** HTTP status of the answer; 0 when the connection was cut. */
  readonly status: number
  readonly ok: boolean
  /** Slack's error name, when refused. */
  readonly error?: string
  /** `ts` of the message that the call made or changed. */
  readonly ts?: string
}

type Kind = keyof Happenings

/** Tells listeners what happened in the workspace, in order, synchronously. */
export class Announcer {
  readonly #emitter = new EventEmitter().setMaxListeners(0)

  announce<K extends Kind>(kind: K, happening: Happenings[K]): void {
    this.#emitter.emit(kind, happening)
    this.#emitter.emit('anything')
  }

  /** Calls `listener` for every happening of that kind; the result stops it. */
  on<K extends Kind>(kind: K, listener: (happening: Happenings[K]) => void): () => void {
    this.#emitter.on(kind, listener)
    return () => void this.#emitter.off(kind, listener)
  }

  /**
   * Resolves with the first truthy value of `look`, which is asked now, after each happening, and every 20 ms.
   * Rejects after `timeoutMilliseconds`.
   */
  waitFor<T>(look: () => T, timeoutMilliseconds: number): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearInterval(poll)
        clearTimeout(limit)
        this.#emitter.off('anything', ask)
      }
      const ask = () => {
        try {
          const seen = look()
          if (!seen) return
          stop()
          resolve(seen as Exclude<T, false | null | undefined | 0 | ''>)
        } catch (error) {
          stop()
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }
      const poll = setInterval(ask, 20)
      const limit = setTimeout(() => {
        stop()
        reject(new Error(`Nothing like that within ${timeoutMilliseconds} ms: ${look.toString()}`))
      }, timeoutMilliseconds)
      this.#emitter.on('anything', ask)
      ask()
    })
  }

  forget(): void {
    this.#emitter.removeAllListeners()
  }
}
