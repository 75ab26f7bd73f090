import { beforeAll, describe, expect, it } from 'vitest'
import { claimTarget, releaseTarget } from '../../src/store/claims.ts'
import type { Records } from '../../src/store/records.ts'
import { createRun, updateRun, type RunRecord } from '../../src/store/runs.ts'
import { memoryRecords } from './memory-records.ts'

describe('claims', () => {
  let records: Records
  let target = ''
  beforeAll(() => {
    records = memoryRecords()
  })
  const ask = async (): Promise<string> =>
    (
      await createRun(records, {
        request: { kind: 'diagnose', text: 'diagnose catalog' },
        asker: { user: 'U1' },
        channel: 'C1',
      })
    ).id
  const end = (run: string, state: RunRecord['state']): Promise<unknown> =>
    updateRun(records, run, (record) => ({ ...record, state }))
  const fresh = (): string => (target = `service/shop/${Math.random()}`)

  it('gives a target to one of many runs that ask at once, and the others its id to join', async () => {
    fresh()
    const runs = await Promise.all(Array.from({ length: 20 }, ask))
    const holders = await Promise.all(runs.map((run) => claimTarget(records, target, run)))
    expect(new Set(holders).size).toBe(1)
    expect(runs).toContain(holders[0])
  })

  it('lets the holder claim again, and another after it was released', async () => {
    fresh()
    const [first, second] = [await ask(), await ask()]
    expect(await claimTarget(records, target, first)).toBe(first)
    expect(await claimTarget(records, target, first)).toBe(first)
    expect(await claimTarget(records, target, second)).toBe(first)
    await releaseTarget(records, target, second)
    expect(await claimTarget(records, target, second)).toBe(first)
    await releaseTarget(records, target, first)
    expect(await claimTarget(records, target, second)).toBe(second)
  })

  it.each(['done', 'cancelled', 'failed'] as const)('takes over the claim of a run that is %s', async (state) => {
    fresh()
    const [first, second] = [await ask(), await ask()]
    await claimTarget(records, target, first)
    await end(first, state)
    expect(await claimTarget(records, target, second)).toBe(second)
    await releaseTarget(records, target, first)
    expect(await claimTarget(records, target, first)).toBe(second)
  })

  it('takes over the claim of a run that is missing, and one that has expired', async () => {
    fresh()
    const [first, second] = [await ask(), await ask()]
    await claimTarget(records, target, 'nobody')
    expect(await claimTarget(records, target, first, { expiresInSeconds: 0.01 })).toBe(first)
    await expect.poll(() => claimTarget(records, target, second)).toBe(second)
  })
})
