import { describe, expect, it } from 'vitest'
import { ByteBudget, holdingAnswers, textOf, type Answer } from '../../src/evidence/clients/byte-budget.ts'

const piece = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0x61)
/** What a piece of 1,000 letters takes while it is read, and what is kept of it. */
const [READ, KEPT] = [2064, 1064]

const state = async (promise: Promise<unknown>): Promise<string> => {
  let now = 'waits'
  promise.then(
    () => (now = 'goes on'),
    (error: unknown) => (now = (error as Error).message),
  )
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  return now
}

describe('the byte budget', () => {
  it('is given back when an answer ends', async () => {
    const budget = new ByteBudget(10_000)
    const answer = budget.begin('the log')
    await answer.take(piece(1000))
    expect(budget.used).toBe(READ)
    answer.end()
    answer.end()
    expect(budget.used).toBe(0)
  })

  it('counts what short JSON becomes when it is parsed', async () => {
    const budget = new ByteBudget(1_000_000)
    const answer = budget.begin('the list')
    await answer.take(Buffer.from('[{},{},{}]'))
    expect(budget.used).toBe(2 * 10 + 64 + 6 * 32)
  })

  it('lets an answer wait until another one ends, first come first served', async () => {
    const budget = new ByteBudget(2.5 * READ)
    const [first, second, third] = ['a', 'b', 'c'].map((name) => budget.begin(name)) as [Answer, Answer, Answer]
    await first.take(piece(1000))
    await second.take(piece(1000))
    const waits = third.take(piece(1000))
    expect(await state(waits)).toBe('waits')
    first.end()
    expect(await state(waits)).toBe('goes on')
    const again = third.take(piece(1000))
    expect(await state(again)).toBe('waits')
    second.end()
    expect(await state(again)).toBe('goes on')
    third.drop()
    expect(budget.used).toBe(0)
  })

  it('cuts off the answer that came last when all wait for each other', async () => {
    const budget = new ByteBudget(2.5 * READ)
    // Of the third nothing has come yet.
    const [first, second] = ['a', 'b', 'c'].map((name) => budget.begin(name)) as [Answer, Answer]
    await first.take(piece(1000))
    await second.take(piece(1000))
    const old = first.take(piece(1000))
    const young = second.take(piece(1000))
    expect(await state(young)).toBe('b was cut off: the memory for answers that are being read is used up')
    expect(await state(old)).toBe('waits')
    second.drop()
    expect(await state(old)).toBe('goes on')
  })

  it('is not waited for by whoever is told to stop', async () => {
    const budget = new ByteBudget(1.5 * READ)
    const stop = new AbortController()
    const [first, second] = [budget.begin('a'), budget.begin('b', { signal: stop.signal })]
    await first.take(piece(1000))
    const waits = second.take(piece(1000))
    expect(await state(waits)).toBe('waits')
    stop.abort()
    await expect(waits).rejects.toMatchObject({ reason: 'timeout', message: 'b did not arrive in time' })
    second.drop()
    first.drop()
    expect(budget.used).toBe(0)
  })

  it('cuts off what could never fit', async () => {
    const budget = new ByteBudget(READ)
    const answer = budget.begin('the body')
    await answer.take(piece(1000))
    await expect(answer.take(piece(1))).rejects.toMatchObject({
      reason: 'unavailable',
      message: 'the body is longer than mesh-medic reads: cut off',
    })
    await expect(budget.begin('a log', { most: 10 }).take(piece(11))).rejects.toThrow(
      'a log is longer than mesh-medic reads',
    )
  })

  it('stays taken while a diagnosis holds what it read; another one waits for that', async () => {
    const budget = new ByteBudget(2 * READ)
    let finish = (): void => undefined
    const held = holdingAnswers(async () => {
      const answer = budget.begin('the list')
      await answer.take(piece(1000))
      answer.end()
      await new Promise<void>((resolve) => {
        finish = resolve
      })
    })
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    expect(budget.used).toBe(KEPT)
    const other = holdingAnswers(async () => {
      const answer = budget.begin('another')
      await answer.take(piece(1800))
      answer.end()
    })
    expect(await state(other)).toBe('waits')
    finish()
    await Promise.all([held, other])
    expect(budget.used).toBe(0)
  })

  it('is not held by what failed', async () => {
    const budget = new ByteBudget(2 * READ)
    await holdingAnswers(async () => {
      const answer = budget.begin('the list')
      await answer.take(piece(1000))
      answer.drop()
      expect(budget.used).toBe(0)
      await Promise.resolve()
    })
  })

  it('stops reading a stream that never ends', async () => {
    const budget = new ByteBudget(100_000)
    let made = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        made += 1
        await Promise.resolve()
        yield piece(1000)
      }
    }
    const answer = budget.begin('the stream')
    await expect(textOf(endless(), answer)).rejects.toThrow('the stream is longer than mesh-medic reads: cut off')
    answer.drop()
    expect(made).toBeLessThan(60)
    expect(budget.used).toBe(0)
  })

  it('keeps characters that fall between two pieces', async () => {
    const bytes = Buffer.from('grün')
    async function* halves(): AsyncGenerator<Uint8Array> {
      await Promise.resolve()
      yield bytes.subarray(0, 3)
      yield bytes.subarray(3)
    }
    expect(await textOf(halves(), new ByteBudget().begin('text'))).toBe('grün')
  })
})
