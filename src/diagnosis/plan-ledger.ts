import type { Reading } from '../evidence/reading.ts'
import type { AnyStep } from '../evidence/step.ts'
import { defined } from '../mesh/defined.ts'
import type { PlannedStep } from './report.ts'

/** Who is told every step known so far, on each change. */
interface Told {
  steps?(plan: readonly PlannedStep[]): void
}

/** Steps and how they stand, in the order they were planned. */
export class PlanLedger {
  readonly steps = new Map<string, PlannedStep>()
  private readonly told: Told | undefined

  constructor(told: Told | undefined) {
    this.told = told
  }

  /** Adds steps; answers those that are new. */
  add(steps: readonly AnyStep[]): AnyStep[] {
    const fresh = [...new Map(steps.map((step) => [step.id, step])).values()].filter(({ id }) => !this.steps.has(id))
    for (const { id, kind, of, group, title, source } of fresh)
      this.steps.set(id, { id, kind, ...defined({ of }), group, title, command: source, outcome: 'waiting' })
    this.tell()
    return fresh
  }

  /** Takes back steps in whose place others are done. */
  forget(steps: readonly AnyStep[]): void {
    for (const { id } of steps) this.steps.delete(id)
    this.tell()
  }

  started(step: AnyStep): void {
    this.change(step.id, { outcome: 'running' })
  }

  finished(step: AnyStep, reading: Reading, milliseconds: number): void {
    this.change(step.id, { outcome: reading.ok ? 'seen' : 'blind', milliseconds: Math.round(milliseconds) })
  }

  private change(id: string, facts: Partial<PlannedStep>): void {
    const step = this.steps.get(id)
    if (step !== undefined) this.steps.set(id, { ...step, ...facts })
    this.tell()
  }

  private tell(): void {
    this.told?.steps?.([...this.steps.values()])
  }
}
