import { beforeAll, describe, expect, it } from 'vitest'
import { mintButton, readButton, useButton } from '../../src/store/buttons.ts'
import type { Records } from '../../src/store/records.ts'
import { memoryRecords } from './memory-records.ts'

describe('buttons', () => {
  let records: Records
  beforeAll(() => {
    records = memoryRecords()
  })
  const approve = { act: 'approve', payload: { digest: 'sha256:1', version: 7 }, run: 'run' }

  it('lets exactly one of 20 clicks at once win, and tells the rest who did', async () => {
    const id = await mintButton(records, approve)
    expect(id).toMatch(/^[a-z0-9]{20}$/)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, user) => useButton(records, id, { by: `U${user}` })),
    )
    const won = answers.filter(({ ok }) => ok)
    expect(won).toHaveLength(1)
    expect(won[0]).toMatchObject({ ok: true, button: approve })
    const used = won[0]!.ok ? won[0]!.button.used : undefined
    expect(used?.by).toMatch(/^U\d+$/)
    for (const answer of answers.filter(({ ok }) => !ok))
      expect(answer).toMatchObject({ refusal: 'already-used', button: { run: 'run', used } })
  })

  it('can be looked at without being used', async () => {
    const id = await mintButton(records, approve)
    expect(await readButton(records, id)).toMatchObject({ ok: true, button: approve })
    expect(await useButton(records, id)).toMatchObject({ ok: true })
    expect(await readButton(records, id)).toMatchObject({ ok: false, refusal: 'already-used' })
  })

  it('does what it did when an earlier version had another word for it', async () => {
    const id = await mintButton(records, { ...approve, act: 'give-back-lease' })
    expect(await useButton(records, id)).toMatchObject({ ok: true, button: { act: 'put-back-lease' } })
  })

  it('can be for many uses', async () => {
    const id = await mintButton(records, { ...approve, uses: 'many' })
    for (let use = 0; use < 3; use++)
      expect(await useButton(records, id)).toMatchObject({ ok: true, button: { payload: approve.payload } })
  })

  it('knows an expired button from an unknown one', async () => {
    const id = await mintButton(records, { ...approve, expiresInSeconds: 0.01 })
    await expect
      .poll(() => readButton(records, id))
      .toMatchObject({ ok: false, refusal: 'expired', button: { act: 'approve' } })
    expect(await useButton(records, id)).toMatchObject({ ok: false, refusal: 'expired' })
    expect(await useButton(records, 'nothing')).toEqual({ ok: false, refusal: 'unknown' })
  })
})
