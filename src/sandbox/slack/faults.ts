import { assertDocumentedError } from './web-api/documented-errors.ts'

/**
 * What goes wrong with a request of the app.
 * - `status` 429 with `retryAfter` (seconds), or a server error;
 * - `error`: an answer with `ok: false`, and Slack's `reasons`;
 * - `cut: 'before'`: the connection breaks and nothing was done; `cut: 'after'`: the call was carried out but its answer is lost;
 * - `delayMilliseconds`: the answer is late.
 */
export type Fault =
  | { readonly status: 429; readonly retryAfter: number }
  | { readonly status: 500 | 502 | 503 }
  | { readonly error: string; readonly reasons?: readonly string[] }
  | { readonly cut: 'before' | 'after' }
  | { readonly delayMilliseconds: number }

/** Faults that are still to happen, by method. */
export class Faults {
  readonly #waiting = new Map<string, Fault[]>()

  /**
   * Makes the next requests fail.
   * @param method a Web API method, `response_url` or `upload`
   * @throws TypeError for an error that Slack does not document for this method, where its list is known
   * @param times how many of them; faults for one method queue up
   */
  next(method: string, fault: Fault, times = 1): void {
    if ('error' in fault) assertDocumentedError(method, fault.error)
    const queue = this.#waiting.get(method) ?? []
    queue.push(...Array.from({ length: times }, () => fault))
    this.#waiting.set(method, queue)
  }

  /** Forgets the faults that did not happen yet. */
  clear(): void {
    this.#waiting.clear()
  }

  take(method: string): Fault | undefined {
    return this.#waiting.get(method)?.shift()
  }
}
