import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Backend } from '../../src/queue/backend.ts'
import { openBackend } from '../../src/queue/open-backend.ts'
import type { WorkerRequest } from '../../src/queue/worker.ts'
import { StoreUnavailableError } from '../../src/store/records.ts'
import { putEmptyDatabase } from '../store/empty-database.ts'
import { killContract, log, queueContract, SOON } from './queue-contract.ts'

describe('queue on PGlite', () => {
  let dataFolder: string
  let backend: Backend
  beforeAll(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'mesh-medic-embedded-'))
    await putEmptyDatabase(dataFolder)
    backend = await openBackend({ dataFolder, log })
  })
  afterAll(async () => {
    await backend.close()
    await rm(dataFolder, { recursive: true, force: true })
  })

  queueContract(() => backend)

  it('is for one process at a time', async () => {
    await expect(openBackend({ dataFolder, log })).rejects.toMatchObject({
      code: 'data-folder-busy',
      facts: { folder: dataFolder, pid: process.pid },
    })
  })

  it('keeps jobs and records when it is closed, and says that it is away', async () => {
    const version = await backend.records.write('approvals', 'x', { kept: true }, { expiresInSeconds: 3600 })
    await backend.records.append('promises', 'first')
    await backend.queue.enqueue({ run: 'kept', kind: 'doctor' })
    await backend.close()
    await expect(backend.queue.enqueue({ run: 'late', kind: 'doctor' })).rejects.toThrow(StoreUnavailableError)
    await expect(backend.records.read('approvals', 'x')).rejects.toThrow(StoreUnavailableError)
    backend = await openBackend({ dataFolder, log })
    expect(await backend.records.read('approvals', 'x')).toEqual({ value: { kept: true }, version })
    expect(await backend.records.write('approvals', 'x', {}, { expected: version })).toBeGreaterThan(version)
    expect(await backend.records.append('promises', 'second', 1)).toBe(2)
    const seen = vi.fn<WorkerRequest['process']>(() => Promise.resolve())
    const worker = backend.openWorker({ log, process: seen })
    await expect.poll(() => seen.mock.calls.map(([job]) => job), SOON).toEqual([{ run: 'kept', kind: 'doctor' }])
    await worker.close()
  })

  killContract(
    async () => {
      await backend.queue.enqueue({ run: 'orphan', kind: 'diagnose' })
      await backend.close()
      return { dataFolder }
    },
    async () => (backend = await openBackend({ dataFolder, log })),
  )

  it('says when the folder is none', async () => {
    const file = join(dataFolder, 'file')
    await writeFile(file, '')
    await expect(openBackend({ dataFolder: file, log })).rejects.toMatchObject({ code: 'data-folder-unusable' })
  })
})
