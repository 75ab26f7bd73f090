import { expect, it, onTestFinished } from 'vitest'
import { openMortalHouse } from './mortal-house.ts'

const SIDE_BY_SIDE = 8

it('after a worker is killed at any moment another one goes on, and nothing is posted twice or missing', async () => {
  const house = await openMortalHouse()
  onTestFinished(() => house.close())
  let survived: number | undefined
  // Each run has a channel and a target of its own: several can die side by side.
  for (let from = 1; survived === undefined; from += SIDE_BY_SIDE) {
    const nths = Array.from({ length: SIDE_BY_SIDE }, (_, index) => from + index)
    const died = await Promise.all(nths.map((nth) => house.killedAt(nth)))
    survived = nths.find((_, index) => !died[index])
  }
  expect(survived).toBeGreaterThan(15)
})
