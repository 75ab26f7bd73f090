import { StoreUnavailableError, type Records } from '../../src/store/records.ts'

/**
 * How a store fails: it refuses to write and still reads (READONLY, out of memory), answers nothing (frozen, away), or writes and its answer is
 * lost.
 */
export const STORE_FAILURES = ['refuses writes', 'answers nothing', 'loses answers'] as const
export type StoreFailure = (typeof STORE_FAILURES)[number]

/** Records that fail from some operation on, until they are mended. */
export interface FailingRecords {
  records: Records
  /** Operations that were asked for. */
  readonly asked: number
  /** True once an operation has failed. */
  readonly hasFailed: boolean
  mend(): void
}

const WRITES: ReadonlySet<string> = new Set(['write', 'remove', 'append'])

/** @param from the operation, counted from 1, from which on the store fails */
export function failingRecords(real: Records, failure: StoreFailure, from: number): FailingRecords {
  let [asked, hasFailed, isMended] = [0, false, false]
  const through =
    <A extends unknown[], R>(name: string, act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      asked += 1
      const isWrite = WRITES.has(name)
      if (isMended || asked < from || (!isWrite && failure !== 'answers nothing')) return act(...args)
      hasFailed = true
      if (failure === 'loses answers') await act(...args).catch(() => undefined)
      throw new StoreUnavailableError(name)
    }
  return {
    records: {
      read: through('read', (...args: Parameters<Records['read']>) => real.read(...args)),
      write: through('write', (...args: Parameters<Records['write']>) => real.write(...args)),
      remove: through('remove', (...args: Parameters<Records['remove']>) => real.remove(...args)),
      list: through('list', (...args: Parameters<Records['list']>) => real.list(...args)),
      append: through('append', (...args: Parameters<Records['append']>) => real.append(...args)),
      entries: through('entries', (...args: Parameters<Records['entries']>) => real.entries(...args)),
      lastEntry: through('lastEntry', (...args: Parameters<Records['lastEntry']>) => real.lastEntry(...args)),
      ping: () => real.ping(),
      close: () => real.close(),
    },
    get asked() {
      return asked
    },
    get hasFailed() {
      return hasFailed
    },
    mend() {
      isMended = true
    },
  }
}
