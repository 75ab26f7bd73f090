import type { StoredAnswer } from '../../src/capabilities/capability.ts'
import type { Note, RunProgress, RunThread } from '../../src/capabilities/run-thread.ts'
import type { UserError } from '../../src/mesh/user-error.ts'

/** A thread that remembers what it was told. */
export class FakeThread implements RunThread<StoredAnswer> {
  readonly told: [string, ...unknown[]][] = []
  readonly progresses: RunProgress[] = []

  open(): Promise<void> {
    return this.tell('open')
  }
  progress(progress: RunProgress): void {
    this.progresses.push({ ...progress })
  }
  note(name: string, note: Note): Promise<void> {
    return this.tell('note', name, note)
  }
  async answer(answer: StoredAnswer): Promise<boolean> {
    await this.tell('answer', answer)
    return true
  }
  refused(error: UserError): Promise<void> {
    return this.tell('refused', error)
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
