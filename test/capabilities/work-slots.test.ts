import { expect, it } from 'vitest'
import { WorkSlots } from '../../src/capabilities/work-slots.ts'

/** Work that ends when it is told to. */
function held(): { work: () => Promise<string>; end: () => void; isBegun: () => boolean } {
  const { promise, resolve } = Promise.withResolvers<string>()
  let isBegun = false
  return {
    work: () => {
      isBegun = true
      return promise
    },
    end: () => resolve('done'),
    isBegun: () => isBegun,
  }
}
const never = new AbortController().signal

it('does so many at the same time, the others in their order', async () => {
  const slots = new WorkSlots(2)
  const all = [held(), held(), held(), held()]
  const answers = all.map(({ work }) => slots.use(work, never))
  await Promise.resolve()
  expect(all.map(({ isBegun }) => isBegun())).toEqual([true, true, false, false])
  all[1]?.end()
  expect(await answers[1]).toBe('done')
  expect(all.map(({ isBegun }) => isBegun())).toEqual([true, true, true, false])
  for (const { end } of all) end()
  expect(await Promise.all(answers)).toEqual(['done', 'done', 'done', 'done'])
})

it('gives the slot of work that failed to the next', async () => {
  const slots = new WorkSlots(1)
  const failing = slots.use(() => Promise.reject(new Error('no')), never)
  const next = slots.use(() => Promise.resolve('done'), never)
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe('done')
})

it('who is called off while waiting leaves, and takes no slot', async () => {
  const slots = new WorkSlots(1)
  const first = held()
  const working = slots.use(first.work, never)
  const stop = new AbortController()
  const second = held()
  const waiting = slots.use(second.work, stop.signal)
  stop.abort(new Error('called off'))
  await expect(waiting).rejects.toThrow('called off')
  first.end()
  await working
  expect(second.isBegun()).toBe(false)
  expect(await slots.use(() => Promise.resolve('done'), never)).toBe('done')
  await expect(slots.use(() => Promise.resolve('done'), stop.signal)).rejects.toThrow('called off')
})
