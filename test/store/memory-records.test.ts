import { describe } from 'vitest'
import { memoryRecords } from './memory-records.ts'
import { recordsContract } from './records-contract.ts'

describe('records in memory, as the tests of what stands above the store use them', () => {
  recordsContract(() => Promise.resolve([memoryRecords()]))
})
