import { PGlite } from '@electric-sql/pglite'
import { openPgliteRecords } from '../../src/store/pglite-records.ts'
import type { Records } from '../../src/store/records.ts'

let shared: Promise<Records> | undefined
let opened = 0

/** Records in memory, one database for all test files of a thread, because opening it takes a second or two. */
export function sharedRecords(): Promise<Records> {
  return (shared ??= PGlite.create().then(openPgliteRecords))
}

/** The same, but empty and of one's own: every collection and stream is prefixed. */
export async function memoryRecords(): Promise<Records> {
  const records = await sharedRecords()
  const room = `room${++opened}-`
  return {
    ...records,
    read: (collection, id) => records.read(room + collection, id),
    write: (collection, ...rest) => records.write(room + collection, ...rest),
    remove: (collection, ...rest) => records.remove(room + collection, ...rest),
    list: (collection) => records.list(room + collection),
    append: (stream, ...rest) => records.append(room + stream, ...rest),
    entries: (stream, options) => records.entries(room + stream, options),
    lastEntry: (stream) => records.lastEntry(room + stream),
  }
}
