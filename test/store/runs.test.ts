import { beforeAll, describe, expect, it } from 'vitest'
import { StoreUnavailableError, type Records } from '../../src/store/records.ts'
import {
  createRun,
  isFinished,
  listOpenRuns,
  listRuns,
  noteOpenRuns,
  readRun,
  reopenRun,
  RunMissingError,
  updateRun,
} from '../../src/store/runs.ts'
import { memoryRecords } from './memory-records.ts'

const question = {
  request: {
    kind: 'diagnose',
    text: 'diagnose catalog',
    target: { key: 'prod/service/shop/catalog', kind: 'Service', namespace: 'shop', name: 'catalog' },
  },
  asker: { team: 'T1', user: 'U1' },
  channel: 'C1',
} as const

describe('runs', () => {
  let records: Records
  beforeAll(() => {
    records = memoryRecords()
  })

  it('creates a queued run under an id that tells nothing', async () => {
    const run = await createRun(records, { ...question, thread: '1700000000.000100' })
    expect(run).toMatchObject({ ...question, thread: '1700000000.000100', state: 'queued' })
    expect(run.id).toMatch(/^[a-z0-9]{20}$/)
    expect(await readRun(records, run.id)).toEqual(run)
    expect(isFinished(run)).toBe(false)
    expect(await readRun(records, 'other')).toBeUndefined()
  })

  it('loses no change when many change one run', async () => {
    const { id } = await createRun(records, question)
    const write = (sentence: string) =>
      updateRun(records, id, (run) => ({
        ...run,
        outcome: { verdict: 'ill', sentence: (run.outcome?.sentence ?? '') + sentence },
      }))
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(write))
    const sentence = (await readRun(records, id))?.outcome?.sentence ?? ''
    expect(sentence.match(/./g)?.sort().join('')).toBe('abcdefgh')
  })

  it('leaves the run alone when there is nothing to change, and refuses a malformed change', async () => {
    const run = await createRun(records, question)
    expect(await updateRun(records, run.id, () => undefined)).toEqual(run)
    await expect(updateRun(records, run.id, () => ({ ...run, state: 'odd' as 'done' }))).rejects.toThrow('state')
    expect(await readRun(records, run.id)).toEqual(run)
    await expect(updateRun(records, 'missing', (same) => same)).rejects.toThrow(RunMissingError)
  })

  it('keeps what belongs to the kind of a request, whatever that is', async () => {
    const request = { kind: 'some-day', text: 'catalog', wanted: { deep: [1, 2] } }
    const { id } = await createRun(records, { ...question, request })
    expect((await updateRun(records, id, (run) => ({ ...run, thread: '1.1' }))).request).toEqual(request)
    expect((await readRun(records, id))?.request).toEqual(request)
  })

  it('lists those that are not over without reading those that are', async () => {
    const own = memoryRecords()
    const runs = []
    for (let at = 0; at < 20; at += 1) runs.push(await createRun(own, question))
    const [first, second, ...over] = runs
    for (const { id } of over) await updateRun(own, id, (run) => ({ ...run, state: 'done' }))
    const asked: string[] = []
    const records = { ...own, list: (collection: string) => (asked.push(collection), own.list(collection)) }
    expect((await listOpenRuns(records)).map(({ id }) => id).sort()).toEqual([first!.id, second!.id].sort())
    expect(asked).toEqual(['open-runs'])
    expect(await own.list('open-runs')).toHaveLength(2)
    await reopenRun(own, over[0]!)
    expect((await listOpenRuns(own)).map(({ id }) => id)).toContain(over[0]!.id)
  })

  it('finds open ones that were not noted, and forgets what was left behind', async () => {
    const own = memoryRecords()
    const [open, over] = [await createRun(own, question), await createRun(own, question)]
    // The store did not take the removal of the one that is over; an earlier version noted nothing of the other.
    const away = { ...own, remove: () => Promise.reject(new StoreUnavailableError('remove')) }
    await updateRun(away, over.id, (run) => ({ ...run, state: 'done' }))
    await own.remove('open-runs', open.id)
    await own.write('open-runs', 'gone', { at: '2026-01-01T00:00:00.000Z' })
    expect(await listOpenRuns(own)).toEqual([])
    expect(await own.list('open-runs')).toEqual([])
    await noteOpenRuns(own)
    expect((await listOpenRuns(own)).map(({ id }) => id)).toEqual([open.id])
  })

  it('lists what can be read, and names what cannot', async () => {
    const own = memoryRecords()
    const { id } = await createRun(own, question)
    await own.write('runs', 'older', { id: 'older', state: 'thinking', request: 'catalog' })
    const unreadable: string[] = []
    expect((await listRuns(own, (run) => unreadable.push(run))).map((run) => run.id)).toEqual([id])
    expect(unreadable).toEqual(['older'])
  })

  it('reads what an earlier version asked for and found in the words of now', async () => {
    const own = memoryRecords()
    const lend = { levels: { http: 'debug' } }
    await own.write('runs', 'old', {
      ...question,
      id: 'old',
      state: 'done',
      createdAt: '2026-01-01T00:00:00.000Z',
      request: { ...question.request, kind: 'lend', lend },
      outcome: { verdict: 'lent', sentence: 'lease old' },
    })
    expect(await readRun(own, 'old')).toMatchObject({
      request: { ...question.request, kind: 'raise-log-levels', raise: lend },
      outcome: { verdict: 'raised' },
    })
    expect((await readRun(own, 'old'))?.request).not.toHaveProperty('lend')
  })

  it('lists what is kept, oldest first', async () => {
    const own = memoryRecords()
    const first = await createRun(own, question)
    const second = await createRun(own, question)
    await updateRun(own, first.id, (run) => ({ ...run, createdAt: '2026-01-01T00:00:00.000Z' }))
    expect((await listRuns(own)).map(({ id }) => id)).toEqual([first.id, second.id])
  })
})
