import { PGlite } from '@electric-sql/pglite'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openPgliteRecords } from '../../src/store/pglite-records.ts'
import { StoreUnavailableError } from '../../src/store/records.ts'
import { sharedRecords } from './memory-records.ts'
import { recordsContract } from './records-contract.ts'

describe('records on PGlite', () => {
  recordsContract(async () => [await sharedRecords()])

  it('has everything after the folder was closed and opened again; says that the store is away in between', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mesh-medic-pglite-'))
    try {
      const before = await PGlite.create(join(folder, 'data'))
      const records = await openPgliteRecords(before)
      const version = await records.write('approvals', 'x', { kept: true })
      await records.append('audit', 'first')
      await before.close()
      await expect(records.read('approvals', 'x')).rejects.toThrow(StoreUnavailableError)

      const after = await PGlite.create(join(folder, 'data'))
      const reopened = await openPgliteRecords(after)
      expect(await reopened.read('approvals', 'x')).toEqual({ value: { kept: true }, version })
      expect(await reopened.write('approvals', 'x', {}, { expected: version })).toBeGreaterThan(version)
      expect(await reopened.append('audit', 'second', 1)).toBe(2)
      await after.close()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
