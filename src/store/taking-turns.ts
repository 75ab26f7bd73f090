import { setImmediate as breathe } from 'node:timers/promises'
import type { PGlite } from '@electric-sql/pglite'

/** What is asked of the database inside the process. */
export type Asked = Pick<PGlite, 'query' | 'exec'>

/**
 * The same database, asked one after the other with a turn of the event loop between. PGlite answers within microtasks: a queue of queries would be
 * worked off before the process looks at its sockets again, and whoever posts an alert meanwhile would wait for all of it.
 */
export function takingTurns(db: Asked): Asked {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(ask: () => Promise<T>): Promise<T> => {
    const answer = last.then(ask)
    last = answer.then(
      () => breathe(),
      () => breathe(),
    )
    return answer
  }
  return {
    query: (...args) => inTurn(() => db.query(...args)),
    exec: (...args) => inTurn(() => db.exec(...args)),
  }
}
