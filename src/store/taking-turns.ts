import { setImmediate as breathe } from 'node:timers/promises'
import type { PGlite } from '@electric-sql/pglite'

/** What is asked of the database inside the process. */
export type Asked = Pick<PGlite, 'query' | 'exec'>

/**
 * The same database, asked one after the other with a turn of the event loop between. PGlite answers within microtasks: a queue of queries would be
 * worked off before the process looks at its sockets again, and whoever posts an alert meanwhile would wait for all of it.
 *
 * `first` is asked before all that waits in `usual`.
 */
export function takingTurns(db: Asked): { usual: Asked; first: Asked } {
  const lanes = { first: [] as (() => Promise<unknown>)[], usual: [] as (() => Promise<unknown>)[] }
  let isBusy = false
  const work = async (): Promise<void> => {
    isBusy = true
    for (let ask = next(); ask !== undefined; ask = next()) {
      // How it ended is told to whoever asked.
      await ask().catch(() => undefined)
      await breathe()
    }
    isBusy = false
  }
  const next = (): (() => Promise<unknown>) | undefined => lanes.first.shift() ?? lanes.usual.shift()
  const lane = (waiting: (() => Promise<unknown>)[]): Asked => {
    const inTurn = <T>(ask: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        waiting.push(() => ask().then(resolve, reject))
        if (!isBusy) void work()
      })
    return {
      query: (...args) => inTurn(() => db.query(...args)),
      exec: (...args) => inTurn(() => db.exec(...args)),
    }
  }
  return { first: lane(lanes.first), usual: lane(lanes.usual) }
}
