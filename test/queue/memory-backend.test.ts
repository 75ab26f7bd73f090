import { describe } from 'vitest'
import { memoryBackend } from './memory-backend.ts'
import { queueContract } from './queue-contract.ts'

describe('queue in memory, for tests', () => {
  const backend = memoryBackend()
  queueContract(() => backend)
})
