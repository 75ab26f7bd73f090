import { beforeAll, describe, expect, it } from 'vitest'
import { STORE_FAILURES } from '../store/failing-records.ts'
import { MENDED, propose, REJECTED, trial } from './reconciled-house.ts'

beforeAll(async () => {
  await propose()
})

/** Each way to fail begins at every third operation, each at another one: together at every one. */
describe.each(STORE_FAILURES.map((failure, index) => [failure, index + 1] as const))(
  'an approval while the store %s',
  (failure, first) => {
    it('is written once, proved and told, wherever in it that begins', async () => {
      let from = first
      for (let failed = true; failed; from += 3) {
        const { home, failed: more } = await trial(failure, from, MENDED)
        expect(await home.change(), `from ${from}`).toMatchObject({ state: 'proved', proof: { outcome: 'gone' } })
        expect(home.writes).toEqual(['apply DestinationRule catalog'])
        expect(await home.events(), `from ${from}`).toEqual(['fix-approved', 'fix-applied', 'fix-verified'])
        failed = more
      }
      expect(from).toBeGreaterThan(15)
    })

    it('is undone once by itself where things got worse, wherever in it that begins', async () => {
      let from = first
      for (let failed = true; failed; from += 3) {
        const { home, failed: more } = await trial(failure, from, REJECTED)
        expect(await home.change(), `from ${from}`).toMatchObject({ state: 'undone', proof: { outcome: 'worse' } })
        expect(home.writes).toEqual(['apply DestinationRule catalog', 'undo delete DestinationRule catalog'])
        expect(await home.events()).toEqual(['fix-approved', 'fix-applied', 'fix-verified', 'fix-undone'])
        failed = more
      }
      expect(from).toBeGreaterThan(20)
    })
  },
)
