import { setTimeout as pause } from 'node:timers/promises'
import type { AlertNotification } from '../../alerts/alert.ts'
import type { KnownRule } from '../../alerts/find-target.ts'
import type { AlertMapping } from '../../alerts/own-mapping.ts'
import type { AlertRouting } from '../../alerts/routing.ts'
import { StoredNotification, takeNotifications } from '../../incidents/take-notification.ts'
import { endDelivery, listDeliveries, takeOverDelivery } from '../../store/deliveries.ts'
import { listSubjects } from '../../store/incidents.ts'
import type { SlackDeps } from '../deps.ts'
import { IncidentKeeper, type IncidentTimes } from './keeper.ts'

/** What alerts are understood with. */
export interface AlertDeskOptions extends Partial<IncidentTimes> {
  routing: AlertRouting
  mapping?: readonly AlertMapping[]
  /** Milliseconds for which a process says that it handles a delivery. Default 10 000. */
  hold?: number
  /** Milliseconds for which what comes is gathered before it is handled. Default 100. */
  gather?: number
  /** Milliseconds between two looks at incidents and deliveries. Default 5000. */
  sweepEvery?: number
}

const HOLD = 10_000
const SWEEP_EVERY = 5000
/** Milliseconds, and deliveries that are handled as one. */
const GATHER = 100
const MOST_AT_ONCE = 200
/** How many times longer is gathered while alerts keep coming: those of one subject are folded as one. */
const IN_A_STORM = 5
/** A delivery that was begun so often, and is so old (milliseconds), is given up: a store that is away for a while is no reason. */
const GIVEN_UP = { begun: 20, age: 3600_000 } as const
/** Milliseconds for which rules of Prometheus are good, and in which they have to be read. */
const RULES = { fresh: 5 * 60_000, within: 5000 } as const
/** Reasons that are logged once. */
const MOST_REASONS = 200

/** What was stored, and when it came. */
interface Delivered {
  id: string
  notification: AlertNotification
  at: string
}

/** Where alerts come in that were stored: folds them into incidents, and keeps the messages of these up to what is known. */
export class AlertDesk {
  readonly hold: number
  private readonly deps: SlackDeps
  private readonly options: AlertDeskOptions
  private readonly keeper: IncidentKeeper
  private readonly told = new Set<string>()
  private readonly waiting: Delivered[] = []
  private handling: Promise<void> | undefined
  private rules: { at: number; read: Promise<KnownRule[] | undefined> } | undefined
  private timer: NodeJS.Timeout | undefined
  private sweeping: Promise<void> | undefined

  constructor(deps: SlackDeps, options: AlertDeskOptions) {
    this.deps = deps
    this.options = options
    this.hold = options.hold ?? HOLD
    this.keeper = new IncidentKeeper(deps, options)
  }

  /** Handles what was just stored, soon: together with what comes until then. */
  stored(id: string, notification: AlertNotification): void {
    this.waiting.push({ id, notification, at: new Date().toISOString() })
    this.handling ??= pause(this.options.gather ?? GATHER)
      .then(() => this.handleWaiting())
      .finally(() => (this.handling = undefined))
  }

  private async handleWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MOST_AT_ONCE)
      try {
        await this.handle(batch)
      } catch (err) {
        this.deps.log.warn({ err, deliveries: batch.length }, 'alerts are handled later: the store did not answer')
      }
      if (this.waiting.length > 0 && this.waiting.length < MOST_AT_ONCE)
        await pause(IN_A_STORM * (this.options.gather ?? GATHER))
    }
  }

  /** Shows the incidents of a subject anew. */
  changed(subject: string): void {
    this.keeper.settle(subject)
  }

  /** Looks for what no process handles, now and from now on. */
  start(): void {
    const sweep = (): void => {
      this.sweeping ??= this.sweep()
        .catch((err: unknown) => this.deps.log.warn({ err }, 'the sweep of incidents failed'))
        .finally(() => (this.sweeping = undefined))
    }
    this.timer ??= setInterval(sweep, this.options.sweepEvery ?? SWEEP_EVERY).unref()
    sweep()
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.timer = undefined
    await this.handling
    await this.sweeping
    await this.keeper.stop()
  }

  private async handle(batch: readonly Delivered[]): Promise<void> {
    const { records } = this.deps
    const { routing, mapping = [] } = this.options
    const needsRules = batch.some(({ notification: { alerts } }) =>
      alerts.some(({ labels }) => (labels.sloth_id ?? labels.slo ?? '') !== ''),
    )
    const touched = await takeNotifications(
      {
        records,
        routing,
        help: { mapping, rules: needsRules ? await this.knownRules() : undefined },
        nowhere: ({ alert, route }) => this.once(route.why, { alert: alert.name.slice(0, 200), why: route.why }),
      },
      batch,
    )
    for (const { id } of batch) await endDelivery(records, id)
    for (const subject of touched) if (this.keeper.isDue(subject)) this.keeper.settle(subject.id)
  }

  private once(key: string, fields: object): void {
    if (this.told.has(key) || this.told.size >= MOST_REASONS) return
    this.told.add(key)
    this.deps.log.warn(fields, 'an alert is told nowhere')
  }

  /** Rules of Prometheus, of the last minutes; undefined where they cannot be had. */
  private async knownRules(): Promise<KnownRule[] | undefined> {
    const { clients, log } = this.deps
    const read = clients.prometheus?.rules?.bind(clients.prometheus)
    if (read === undefined) return undefined
    if (this.rules === undefined || Date.now() - this.rules.at > RULES.fresh)
      this.rules = {
        at: Date.now(),
        read: read(AbortSignal.timeout(RULES.within)).catch((err: unknown) => {
          this.rules = undefined
          log.warn({ err }, 'the rules behind objectives were not read')
          return undefined
        }),
      }
    return this.rules.read
  }

  private async sweep(): Promise<void> {
    const { records, log } = this.deps
    const waiting = await listDeliveries(records, (id, err) => log.warn({ err, id }, 'a delivery could not be read'))
    for (const { id, heldUntil } of waiting) if (Date.parse(heldUntil) <= Date.now()) await this.takeOver(id)
    const subjects = await listSubjects(records, (id, err) => log.warn({ err, id }, 'an incident could not be read'))
    for (const subject of subjects) if (this.keeper.isDue(subject)) this.keeper.settle(subject.id)
  }

  private async takeOver(id: string): Promise<void> {
    const { records, log } = this.deps
    const taken = await takeOverDelivery(records, id, this.hold)
    if (taken === undefined) return
    const { data: notification, error } = StoredNotification.safeParse(taken.content)
    const isGivenUp = taken.begun > GIVEN_UP.begun && Date.now() - Date.parse(taken.at) > GIVEN_UP.age
    if (notification === undefined || isGivenUp) {
      log.error({ err: error, id }, 'alerts were given up: of another version, or their process ended each time')
      return endDelivery(records, id)
    }
    log.info({ id }, 'alerts whose process ended go on here')
    await this.handle([{ id, notification, at: taken.at }])
  }
}
