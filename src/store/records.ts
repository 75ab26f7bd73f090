/** A record as it was read: its value (plain JSON) and the version to name in the next conditional write. */
export interface Stored<T> {
  value: T
  /** Grows with every write. A record that was removed and written anew does not get an old version back. */
  version: number
}

export interface WriteOptions {
  /** Write only if the record still has this version, or only if there is none; else ConflictError. Absent: write whatever is there. */
  expected?: number | 'absent'
  /** From this moment; fractions allowed. Absent: the record stays until it is removed, also when an earlier write had an expiry. */
  expiresInSeconds?: number
  /** True when somebody outside waits for the answer: a store inside the process takes it before all that it has not begun. */
  isWaitedFor?: boolean
}

/**
 * Durable records and append-only streams: what was promised and must survive a restart.
 *
 * Values are JSON (what JSON.stringify drops is dropped); readers parse with their own schema. Collections and streams are named
 * `[a-z][a-z0-9-]*`; ids are any text. Every operation is atomic. Every operation rejects with StoreUnavailableError within about
 * two seconds when the store does not answer; a write that rejected so may or may not have happened.
 */
export interface Records {
  read(collection: string, id: string): Promise<Stored<unknown> | undefined>
  /** Resolves to the new version. Rejects with ConflictError when `expected` does not hold. */
  write(collection: string, id: string, value: unknown, options?: WriteOptions): Promise<number>
  /** True if there was a record. Rejects with ConflictError when `expected` does not hold, also when the record is gone. */
  remove(collection: string, id: string, options?: { expected?: number }): Promise<boolean>
  /** All that is there, sorted by id (UTF-16 code units). Expired records are absent. */
  list(collection: string): Promise<(Stored<unknown> & { id: string })[]>
  /** Resolves to the entry's sequence, counted from 1 without holes. With `expectedLength`: ConflictError when the stream has another length. */
  append(stream: string, value: unknown, expectedLength?: number): Promise<number>
  /** In order, from sequence `from` (default 1), at most `limit` (default 1000). */
  entries(stream: string, options?: { from?: number; limit?: number }): Promise<Entry[]>
  lastEntry(stream: string): Promise<Entry | undefined>
  /** Resolves when the store answers. */
  ping(): Promise<void>
  /** Ends what this object opened itself; a connection or database that was passed in stays open. */
  close(): Promise<void>
}

export interface Entry {
  sequence: number
  value: unknown
}

/** Somebody else wrote in between: read again, decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError'
  readonly code = 'store-conflict'
  /** The collection or stream. */
  readonly place: string
  readonly id: string | undefined
  readonly expected: number | 'absent'

  constructor(place: string, id: string | undefined, expected: number | 'absent', options?: ErrorOptions) {
    super(
      `${place}${id === undefined ? '' : ` ${id}`} is no longer ${expected === 'absent' ? 'absent' : `at ${expected}`}`,
      options,
    )
    this.place = place
    this.id = id
    this.expected = expected
  }
}

/** The store does not answer or refuses to work; `cause` has its own error. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
  readonly code = 'store-unavailable'
  readonly operation: string

  constructor(operation: string, options?: ErrorOptions) {
    super(`The store did not answer (${operation}).`, options)
    this.operation = operation
  }
}

/** Throws a TypeError unless `name` can name a collection or a stream in every store. */
export function assertPlaceName(name: string): void {
  if (!/^[a-z][a-z0-9-]*$/.test(name))
    throw new TypeError(`not a name for a collection or stream: ${JSON.stringify(name)}`)
}

/** The JSON text of a value; a TypeError when it has none (undefined, a function). */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new TypeError('a record must have a JSON value')
  return text
}
