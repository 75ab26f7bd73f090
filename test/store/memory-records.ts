import { PGlite } from '@electric-sql/pglite'
import { openPgliteRecords } from '../../src/store/pglite-records.ts'
import type { Records } from '../../src/store/records.ts'
import { emptyDatabase } from './empty-database.ts'

let database: Promise<PGlite> | undefined
let records: Promise<Records> | undefined
let opened = 0

/** A database in memory, one for all test files of a thread, because opening it takes a moment. */
export function sharedDatabase(): Promise<PGlite> {
  return (database ??= emptyDatabase().then((loadDataDir) => PGlite.create({ loadDataDir })))
}

/** Records in it, with whatever other tests wrote. */
export function sharedRecords(): Promise<Records> {
  return (records ??= sharedDatabase().then(openPgliteRecords))
}

/** The same, but empty and of one's own: every collection and stream is prefixed. */
export async function memoryRecords(): Promise<Records> {
  const shared = await sharedRecords()
  const room = `room${++opened}-`
  return {
    ...shared,
    read: (collection, id) => shared.read(room + collection, id),
    write: (collection, ...rest) => shared.write(room + collection, ...rest),
    remove: (collection, ...rest) => shared.remove(room + collection, ...rest),
    list: (collection) => shared.list(room + collection),
    append: (stream, ...rest) => shared.append(room + stream, ...rest),
    entries: (stream, options) => shared.entries(room + stream, options),
    lastEntry: (stream) => shared.lastEntry(room + stream),
  }
}
