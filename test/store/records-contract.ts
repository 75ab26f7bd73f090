import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { beforeAll, describe, expect, it } from 'vitest'
import { changeRecord, retryOnConflict } from '../../src/store/change-record.ts'
import { ConflictError, type Records } from '../../src/store/records.ts'

let used = 0

/** What every store must do. `open` gives one or more handles to one store; with more, the writers are spread over them. */
export function recordsContract(open: () => Promise<Records[]>): void {
  let handles: Records[]
  let records: Records
  let place: string
  beforeAll(async () => {
    handles = await open()
    records = handles[0]!
  })
  const fresh = (): string => (place = `place-${++used}`)
  const spread = (writer: number): Records => handles[writer % handles.length]!
  const outcomes = async (attempts: Promise<unknown>[]): Promise<{ won: number; conflicts: number }> => {
    const settled = await Promise.allSettled(attempts)
    const conflicts = settled.filter((one) => one.status === 'rejected' && one.reason instanceof ConflictError).length
    return { won: settled.filter((one) => one.status === 'fulfilled').length, conflicts }
  }

  describe('records', () => {
    it('reads what was written, and nothing for what was not', async () => {
      fresh()
      const value = { text: 'a "quoted" Ünïcode 🩺 \u0000 line\n', deep: [{ empty: [], none: null, number: -1.5e300 }] }
      const version = await records.write(place, 'odd id: / * \n', value)
      expect(await records.read(place, 'odd id: / * \n')).toEqual({ value, version })
      expect(await records.read(place, 'other')).toBeUndefined()
      expect(await records.read(`${place}-other`, 'odd id: / * \n')).toBeUndefined()
    })

    it('keeps any JSON value apart from absence', async () => {
      fresh()
      for (const value of [null, false, 0, '', [], {}]) {
        await records.write(place, 'x', value)
        expect(await records.read(place, 'x')).toMatchObject({ value })
      }
      await expect(records.write(place, 'x', undefined)).rejects.toThrow(TypeError)
      await expect(records.write('Not a name', 'x', 1)).rejects.toThrow(TypeError)
    })

    it('gives a higher version to every write, also after a removal', async () => {
      fresh()
      const first = await records.write(place, 'x', 1)
      const second = await records.write(place, 'x', 2)
      await records.remove(place, 'x')
      const third = await records.write(place, 'x', 3)
      expect([second > first, third > second]).toEqual([true, true])
      await expect(records.write(place, 'x', 4, { expected: first })).rejects.toThrow(ConflictError)
    })

    it('writes only what is as expected', async () => {
      fresh()
      await expect(records.write(place, 'x', 1, { expected: 7 })).rejects.toThrow(ConflictError)
      const version = await records.write(place, 'x', 1, { expected: 'absent' })
      await expect(records.write(place, 'x', 2, { expected: 'absent' })).rejects.toMatchObject({
        code: 'store-conflict',
        place,
        id: 'x',
        expected: 'absent',
      })
      await expect(records.write(place, 'x', 2, { expected: version + 1 })).rejects.toMatchObject({
        expected: version + 1,
      })
      const next = await records.write(place, 'x', 3, { expected: version })
      expect(await records.read(place, 'x')).toEqual({ value: 3, version: next })
    })

    it('removes, and only what is as expected', async () => {
      fresh()
      const version = await records.write(place, 'x', 1)
      await expect(records.remove(place, 'x', { expected: version + 1 })).rejects.toThrow(ConflictError)
      expect(await records.remove(place, 'x', { expected: version })).toBe(true)
      await expect(records.remove(place, 'x', { expected: version })).rejects.toThrow(ConflictError)
      expect(await records.remove(place, 'x')).toBe(false)
      expect(await records.list(place)).toEqual([])
    })

    it('lists a collection sorted by id', async () => {
      fresh()
      for (const id of ['b', 'ä', 'a', 'B', 'a:b', '']) await records.write(place, id, { id })
      await records.write(`${place}-more`, 'c', {})
      const list = await records.list(place)
      expect(list.map(({ id }) => id)).toEqual(['', 'B', 'a', 'a:b', 'b', 'ä'])
      expect(list[2]).toEqual({ id: 'a', value: { id: 'a' }, version: (await records.read(place, 'a'))?.version })
    })

    it('forgets what has expired, everywhere', async () => {
      fresh()
      const version = await records.write(place, 'short', 1, { expiresInSeconds: 0.05 })
      await records.write(place, 'long', 1, { expiresInSeconds: 3600 })
      await records.write(place, 'kept', 1, { expiresInSeconds: 0.05 })
      await records.write(place, 'kept', 2)
      await pause(100)
      expect(await records.read(place, 'short')).toBeUndefined()
      expect((await records.list(place)).map(({ id }) => id)).toEqual(['kept', 'long'])
      await expect(records.write(place, 'short', 2, { expected: version })).rejects.toThrow(ConflictError)
      expect(await records.remove(place, 'short')).toBe(false)
      await records.write(place, 'short', 3, { expected: 'absent' })
      expect(await records.read(place, 'short')).toMatchObject({ value: 3 })
      expect((await records.list(place)).map(({ id }) => id)).toEqual(['kept', 'long', 'short'])
    })

    it('lets exactly one of 50 writers win', async () => {
      fresh()
      const absent = Array.from({ length: 50 }, (_, writer) =>
        spread(writer).write(place, 'x', writer, { expected: 'absent' }),
      )
      expect(await outcomes(absent)).toEqual({ won: 1, conflicts: 49 })
      const { version: expected } = (await records.read(place, 'x'))!
      const same = Array.from({ length: 50 }, (_, writer) => spread(writer).write(place, 'x', writer, { expected }))
      expect(await outcomes(same)).toEqual({ won: 1, conflicts: 49 })
    })

    it('loses no change of 50 writers who try again', async () => {
      fresh()
      await records.write(place, 'count', 0)
      const where = { collection: place, id: 'count', schema: z.number() }
      await Promise.all(
        Array.from({ length: 50 }, (_, writer) => changeRecord(spread(writer), where, (count) => count + 1)),
      )
      expect(await records.read(place, 'count')).toMatchObject({ value: 50 })
    })
  })

  describe('streams', () => {
    it('gives sequences from 1 and pages through them', async () => {
      fresh()
      expect(await records.lastEntry(place)).toBeUndefined()
      expect(await records.entries(place)).toEqual([])
      for (const value of ['a', { b: '\u0000' }, null]) await records.append(place, value)
      expect(await records.append(place, 'd', 3)).toBe(4)
      expect(await records.entries(place, { from: 2, limit: 2 })).toEqual([
        { sequence: 2, value: { b: '\u0000' } },
        { sequence: 3, value: null },
      ])
      expect(await records.entries(place, { from: 5 })).toEqual([])
      expect(await records.entries(place, { limit: 0 })).toEqual([])
      expect(await records.lastEntry(place)).toEqual({ sequence: 4, value: 'd' })
      expect(await records.entries(`${place}-other`)).toEqual([])
    })

    it('appends only at the expected length', async () => {
      fresh()
      await expect(records.append(place, 'a', 1)).rejects.toMatchObject({ code: 'store-conflict', place, expected: 1 })
      await records.append(place, 'a', 0)
      await expect(records.append(place, 'b', 0)).rejects.toThrow(ConflictError)
      expect(await records.entries(place)).toHaveLength(1)
    })

    it('loses nothing and repeats nothing when 50 append at once', async () => {
      fresh()
      const free = Array.from({ length: 50 }, (_, writer) => spread(writer).append(place, writer))
      const sequences = await Promise.all(free)
      expect(sequences.sort((one, other) => one - other)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1))
      const tied = Array.from({ length: 20 }, (_, writer) =>
        retryOnConflict(async () =>
          spread(writer).append(place, `tied ${writer}`, (await spread(writer).lastEntry(place))!.sequence),
        ),
      )
      await Promise.all(tied)
      const entries = await records.entries(place)
      expect(entries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 70 }, (_, at) => at + 1))
      expect(new Set(entries.map(({ value }) => value)).size).toBe(70)
    })
  })

  it('answers a ping', async () => {
    await expect(records.ping()).resolves.toBeUndefined()
  })
}
