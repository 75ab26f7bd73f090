import { randomBytes } from 'node:crypto'

import { Refusal } from './refusal.ts'

/** What a person did that allows the app to open a view for them. */
interface Trigger {
  readonly user: string
  readonly madeAt: number
  /** The modal in which the person pressed a button, for views.push. */
  readonly viewId?: string
  exchanged: boolean
}

/** Trigger ids: each is good for one view, for a short while (Slack: 3 s). */
export class Triggers {
  readonly #byId = new Map<string, Trigger>()
  readonly #lifetimeMilliseconds: number
  #count = 0

  constructor(lifetimeMilliseconds: number) {
    this.#lifetimeMilliseconds = lifetimeMilliseconds
  }

  /** A fresh id for something that `user` did just now, perhaps inside the view `viewId`. */
  issue(user: string, viewId?: string): string {
    this.#count += 1
    const id = `${Date.now()}.${this.#count}.${randomBytes(16).toString('hex')}`
    this.#byId.set(id, { user, madeAt: Date.now(), exchanged: false, ...(viewId === undefined ? {} : { viewId }) })
    return id
  }

  /**
   * Uses an id up.
   * @throws Refusal `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`, as views.open documents them
   */
  exchange(id: string): { readonly user: string; readonly viewId?: string } {
    const trigger = this.#byId.get(id)
    if (trigger === undefined) throw new Refusal('invalid_trigger_id')
    if (trigger.exchanged) throw new Refusal('exchanged_trigger_id')
    if (Date.now() - trigger.madeAt > this.#lifetimeMilliseconds) throw new Refusal('expired_trigger_id')
    trigger.exchanged = true
    return trigger
  }
}
