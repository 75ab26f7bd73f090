import { setTimeout as pause } from 'node:timers/promises'
import {
  forgetReceived,
  holdReceived,
  isAcceptedElseRefuse,
  keepReceived,
  listReceived,
  takeOverReceived,
} from '../../store/received.ts'
import type { SlackDeps } from '../deps.ts'
import { handle, tellGaveUp, tellNotAccepted, type AckView } from './handle.ts'
import { SlackRequest, type Delivered } from './request.ts'

/** Milliseconds; Slack waits 3 s for the acknowledgement. */
const KEEP_WITHIN = 2000
/** Milliseconds for which a process says that it handles a request; renewed while it does. */
const HOLD = 10_000
/** A request whose process has ended so often is given up. */
const MOST_BEGUN = 3

/**
 * What became of a request on its arrival: it is new and kept, was received before, or the store did not answer. Then a command is certainly not kept, or it is not
 * known whether it is: whoever looks for requests next finds out, and does it or tells that it was not accepted.
 */
export type Arrival = 'kept' | 'seen' | 'not-kept' | 'not-known'

/**
 * Requests between their acknowledgement and their answer. Each is stored before it is acknowledged; one whose process ends before it is handled is handled
 * by the next process that looks. What it begins has an id made of the request, so that it begins once.
 */
export class Inbox {
  private readonly deps: SlackDeps
  private readonly hold: number
  /** Those whose arrival was told to have failed, although the store may have them. */
  private readonly refused = new Set<string>()
  private timer: NodeJS.Timeout | undefined
  private sweeping: Promise<void> | undefined

  constructor(deps: SlackDeps) {
    this.deps = deps
    this.hold = deps.holdRequests ?? HOLD
  }

  /** Looks for requests that no process handles, now and from now on. */
  start(): void {
    const sweep = (): void => {
      this.sweeping ??= this.sweep().finally(() => (this.sweeping = undefined))
    }
    this.timer ??= setInterval(sweep, this.hold / 2).unref()
    sweep()
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.timer = undefined
    await this.sweeping
  }

  /** Keeps a request, within the time in which it has to be acknowledged. */
  async keep({ id, request }: Delivered): Promise<Arrival> {
    if (id === undefined || id === '') return 'kept'
    const { records, log, keepWithin = KEEP_WITHIN } = this.deps
    // A command that is refused here is worked on by nobody, whenever the store writes it. Anything else is acknowledged all the same.
    let [isLate, isMarking] = [false, false]
    const mayMark = (): boolean => {
      if (isLate && (isMarking || request.kind === 'command')) return false
      return (isMarking = true)
    }
    try {
      const isNew = await Promise.race([
        keepReceived(records, id, request, this.hold, mayMark),
        pause(keepWithin, undefined, { ref: false }),
      ])
      if (isNew === undefined) throw new Error(`the store took longer than ${keepWithin} ms`)
      if (!isNew) log.info({ id }, 'a request that Slack sent was received before')
      return isNew ? 'kept' : 'seen'
    } catch (err) {
      isLate = true
      log.warn({ err, id, isMarking }, 'a request could not be stored')
      if (request.kind === 'command' && isMarking) return 'not-known'
      this.refused.add(id)
      return 'not-kept'
    }
  }

  /** Handles a request and forgets it. Never rejects. */
  async handle(delivered: Delivered, ack: AckView): Promise<void> {
    const { records, log } = this.deps
    const { id } = delivered
    if (id === undefined || id === '') return handle(this.deps, delivered, ack)
    const holding = setInterval(() => {
      holdReceived(records, id, this.hold).catch((err: unknown) => log.warn({ err, id }, 'a request could not be held'))
    }, this.hold / 3).unref()
    try {
      await handle(this.deps, delivered, ack)
    } catch (err) {
      log.error({ err, id }, 'a request could not be handled')
    } finally {
      clearInterval(holding)
    }
    await this.forget(id)
  }

  private async forget(id: string): Promise<void> {
    try {
      await forgetReceived(this.deps.records, id)
      this.refused.delete(id)
    } catch (err) {
      this.refused.add(id)
      this.deps.log.warn({ err, id }, 'a request that is handled is still kept')
    }
  }

  private async sweep(): Promise<void> {
    const { records, log } = this.deps
    try {
      for (const id of this.refused) await this.forget(id)
      const waiting = await listReceived(records, (id, err) => log.warn({ err, id }, 'a request could not be read'))
      await Promise.all(
        waiting.filter(({ heldUntil }) => Date.parse(heldUntil) <= Date.now()).map(({ id }) => this.takeOver(id)),
      )
    } catch (err) {
      log.warn({ err }, 'the sweep for requests without an answer failed')
    }
  }

  private async takeOver(id: string): Promise<void> {
    const { records, log } = this.deps
    const taken = await takeOverReceived(records, id, this.hold)
    if (taken === undefined) return
    const { data: request, error } = SlackRequest.safeParse(taken.content)
    if (request === undefined) {
      log.error({ err: error, id }, 'a request of another version was dropped')
      return this.forget(id)
    }
    if (!(await isAcceptedElseRefuse(records, id))) {
      log.info({ id, kind: request.kind }, 'a request that was not accepted was dropped')
      if (request.kind === 'command') await tellNotAccepted(this.deps, { request, id })
      return this.forget(id)
    }
    log.info({ id, kind: request.kind }, 'a request whose process ended goes on here')
    if (taken.begun <= MOST_BEGUN) return this.handle({ request, id, trigger: undefined }, () => Promise.resolve())
    await tellGaveUp(this.deps, { request, id })
    await this.forget(id)
  }
}
