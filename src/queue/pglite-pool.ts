import type { PGlite } from '@electric-sql/pglite'
import type { PgPool, PgPoolClient, PgQueryResult } from 'bullmq'
import { EventEmitter } from 'node:events'
import type { Asked } from '../store/taking-turns.ts'

/** pg gives int8 and numeric as text, and BullMQ counts on it. The numbers are PostgreSQL's type OIDs. */
const AS_PG = { parsers: { 20: (text: string) => text, 1700: (text: string) => text } }

async function query<R>(db: Asked, sql: string, parameters?: readonly unknown[]): Promise<PgQueryResult<R>> {
  const result = parameters ? await db.query<R>(sql, [...parameters], AS_PG) : (await db.exec(sql, AS_PG)).at(-1)
  // pg's rowCount is of rows returned as well as of rows changed.
  return { rows: (result?.rows ?? []) as R[], rowCount: Math.max(result?.rows.length ?? 0, result?.affectedRows ?? 0) }
}

/** A client as BullMQ checks it out of a pool; all clients share the one session of the database and hear all its notifications. */
export class PgliteClient extends EventEmitter implements PgPoolClient {
  readonly #asked: Asked
  readonly #deaf: () => void

  constructor(db: PGlite, asked: Asked) {
    super()
    this.#asked = asked
    this.#deaf = db.onNotification((channel, payload) => this.emit('notification', { channel, payload }))
  }

  query<R>(sql: string, parameters?: readonly unknown[]): Promise<PgQueryResult<R>> {
    return query(this.#asked, sql, parameters)
  }

  release(): void {
    this.#deaf()
  }
}

/** A `pg.Pool` for BullMQ's PostgreSQL backend, on a PGlite. `end` leaves the database open. */
export class PglitePool extends EventEmitter implements PgPool {
  /** The session cannot drop as a socket can, so BullMQ may wait for notifications as long as it likes. */
  readonly options = { keepAlive: true }
  readonly #db: PGlite
  readonly #asked: Asked

  /** @param asked the same database, as it is asked */
  constructor(db: PGlite, asked: Asked = db) {
    super()
    this.#db = db
    this.#asked = asked
    this.setMaxListeners(0)
  }

  query<R>(sql: string, parameters?: readonly unknown[]): Promise<PgQueryResult<R>> {
    return query(this.#asked, sql, parameters)
  }

  connect(): Promise<PgliteClient> {
    return Promise.resolve(new PgliteClient(this.#db, this.#asked))
  }

  end(): Promise<void> {
    return Promise.resolve()
  }
}
