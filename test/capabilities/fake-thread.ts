import type { RunAnswer, RunProgress, RunRefusal, RunThread } from '../../src/capabilities/run-thread.ts'

/** A thread that remembers what it was told. */
export class FakeThread implements RunThread {
  readonly told: [string, ...unknown[]][] = []
  readonly progresses: RunProgress[] = []

  open(): Promise<void> {
    return this.tell('open')
  }
  progress(progress: RunProgress): void {
    this.progresses.push({ ...progress })
  }
  answer(answer: RunAnswer): Promise<void> {
    return this.tell('answer', answer)
  }
  refused(refusal: RunRefusal): Promise<void> {
    return this.tell('refused', refusal)
  }
  failed(): Promise<void> {
    return this.tell('failed')
  }
  cancelled(by: string | undefined): Promise<void> {
    return this.tell('cancelled', by)
  }

  /** What it was told, without the facts. */
  get said(): string[] {
    return this.told.map(([what]) => what)
  }

  protected tell(...what: [string, ...unknown[]]): Promise<void> {
    this.told.push(what)
    return Promise.resolve()
  }
}
