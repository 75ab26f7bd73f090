import type { PGlite } from '@electric-sql/pglite'
import { describe, expect, it } from 'vitest'
import { openPgliteRecords } from '../../src/store/pglite-records.ts'
import { StoreUnavailableError } from '../../src/store/records.ts'
import { sharedDatabase, sharedRecords } from './shared-database.ts'
import { recordsContract } from './records-contract.ts'

// That records survive a restart is tested with the backend that owns the folder: test/queue/embedded-backend.test.ts.
describe('records on PGlite', () => {
  recordsContract(async () => [await sharedRecords()])

  it('finds its tables made already, and forgets then what has expired', async () => {
    const records = await sharedRecords()
    await records.write('brief', 'gone', 1, { expiresInSeconds: 0.01 })
    const version = await records.write('brief', 'here', 1)
    await expect.poll(() => records.read('brief', 'gone')).toBeUndefined()
    const again = await openPgliteRecords(await sharedDatabase())
    expect(await again.list('brief')).toEqual([{ id: 'here', value: 1, version }])
    const rows = await (await sharedDatabase()).query("select id from mesh_medic.records where collection = 'brief'")
    expect(rows.rows).toEqual([{ id: 'here' }])
  })

  it('says what the database says when it will not work', async () => {
    const broken: Pick<PGlite, 'query' | 'exec'> = {
      exec: () => Promise.resolve([]),
      query: () => Promise.reject(new Error('PGlite is closed')),
    }
    const records = await openPgliteRecords(broken)
    await expect(records.read('brief', 'x')).rejects.toMatchObject({
      code: 'store-unavailable',
      operation: 'read',
      cause: { message: 'PGlite is closed' },
    })
    await expect(records.ping()).rejects.toThrow(StoreUnavailableError)
  })
})
