import type { Clients } from './clients/clients.ts'
import { UnseenError } from './clients/clients.ts'
import type { Blind, Reading } from './reading.ts'
import { redact } from './redaction.ts'
import { timed, type Timing } from './clients/timing.ts'
import type { AnyStep } from './step.ts'
import { defined } from '../mesh/defined.ts'

/** Milliseconds a step may take. */
export const STEP_TIMEOUT = 20_000
/** Steps under way at once. */
export const CONCURRENCY = 6

/** How steps are carried out and who hears of it. */
export interface GatherOptions {
  signal?: AbortSignal | undefined
  /** Milliseconds a step may take; STEP_TIMEOUT when absent. */
  stepTimeout?: number | undefined
  concurrency?: number | undefined
  onStarted?: ((step: AnyStep) => void) | undefined
  /** With the milliseconds the step took. */
  onFinished?: ((step: AnyStep, reading: Reading, milliseconds: number) => void) | undefined
}

/** Takes steps as they become known and carries them out, at most `concurrency` at once; each yields a reading, never an error. */
export class Gathering {
  readonly readings: Reading[] = []
  private readonly clients: Clients
  private readonly options: GatherOptions
  private readonly waiting: (() => void)[] = []
  private free: number

  constructor(clients: Clients, options: GatherOptions = {}) {
    this.clients = clients
    this.options = options
    this.free = options.concurrency ?? CONCURRENCY
  }

  /** Carries out steps; resolves when all of these have their reading. Rejects only when the whole gathering was cancelled. */
  async gather(steps: readonly AnyStep[]): Promise<void> {
    const looks = new Map<string, AnyStep[]>()
    for (const step of steps) {
      const key = step.together ?? step.id
      looks.set(key, [...(looks.get(key) ?? []), step])
    }
    await Promise.all([...looks.values()].map((together) => this.oneLook(together)))
  }

  /** Takes back what these steps saw, or why they did not: others are done in their place. */
  forget(steps: readonly AnyStep[]): void {
    const sources = new Set(steps.map(({ source }) => source))
    this.readings.splice(0, this.readings.length, ...this.readings.filter(({ source }) => !sources.has(source)))
  }

  private async oneLook(steps: readonly AnyStep[]): Promise<void> {
    if (this.free > 0) this.free -= 1
    else await new Promise<void>((resolve) => this.waiting.push(resolve))
    try {
      await Promise.all(steps.map((step) => this.one(step)))
    } finally {
      const next = this.waiting.shift()
      if (next === undefined) this.free += 1
      else next()
    }
  }

  private async one(step: AnyStep): Promise<void> {
    this.options.signal?.throwIfAborted()
    this.options.onStarted?.(step)
    const { reading, milliseconds } = await timedLook(step, this.clients, this.options)
    this.options.signal?.throwIfAborted()
    this.readings.push(reading)
    this.options.onFinished?.(step, reading, milliseconds)
  }
}

/** Carries out one step: a reading of what was seen, or of why it was not. */
export const look = async (step: AnyStep, clients: Clients, options: GatherOptions = {}): Promise<Reading> =>
  (await timedLook(step, clients, options)).reading

/** A reading, and how long it took. */
interface Timed {
  reading: Reading
  milliseconds: number
}

async function timedLook(
  step: AnyStep,
  clients: Clients,
  { signal, stepTimeout = STEP_TIMEOUT }: GatherOptions,
): Promise<Timed> {
  const timeout = AbortSignal.timeout(stepTimeout)
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  const ended = timed(clients, step.id)
  const about = ({ at }: Timing): Pick<Blind, 'kind' | 'of' | 'source' | 'at'> => ({
    kind: step.kind,
    ...defined({ of: step.of }),
    source: step.source,
    at,
  })
  const blind = (timing: Timing, reason: Blind['reason'], detail: string, permission?: Blind['permission']): Timed => ({
    reading: { ...about(timing), ok: false, reason, detail: redact(detail), ...defined({ permission }) },
    milliseconds: timing.milliseconds,
  })
  try {
    const value = await Promise.race([step.collect(clients, either), aborted(either)])
    const timing = ended()
    return timing.late === undefined
      ? { reading: { ...about(timing), ok: true, value } as Reading, milliseconds: timing.milliseconds }
      : blind(timing, 'timeout', timing.late)
  } catch (error) {
    const timing = ended(timeout.aborted ? `no answer within ${stepTimeout / 1000} s` : undefined)
    if (timing.late !== undefined) return blind(timing, 'timeout', timing.late)
    if (error instanceof UnseenError) return blind(timing, error.reason, error.message, error.permission)
    if (error instanceof SyntaxError || error instanceof TypeError) return blind(timing, 'unparsable', error.message)
    return blind(timing, 'unavailable', error instanceof Error ? error.message : String(error))
  }
}

/** Rejects when the signal aborts: a collector that ignores its signal must not hold up the rest. */
async function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new UnseenError('timeout', 'stopped'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
