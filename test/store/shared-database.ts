import { PGlite } from '@electric-sql/pglite'
import { openPgliteRecords } from '../../src/store/pglite-records.ts'
import type { Records } from '../../src/store/records.ts'
import { emptyDatabase } from './empty-database.ts'

let database: Promise<PGlite> | undefined
let records: Promise<Records> | undefined

/** A database in memory, one for all test files of a thread, because opening it takes a moment. */
export function sharedDatabase(): Promise<PGlite> {
  return (database ??= emptyDatabase().then((loadDataDir) => PGlite.create({ loadDataDir })))
}

/** Records in it, with whatever other tests wrote. */
export function sharedRecords(): Promise<Records> {
  return (records ??= sharedDatabase().then(openPgliteRecords))
}
