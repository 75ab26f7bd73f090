import { describe } from 'vitest'
import { recordsContract } from '../store/records-contract.ts'
import { mapRecords } from './map-records.ts'

describe('records in a map', () => {
  recordsContract(() => Promise.resolve([mapRecords()]))
})
