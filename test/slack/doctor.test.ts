import { afterEach, expect, it } from 'vitest'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

let house: House
afterEach(() => house.close())

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

it('tests itself, and ends the round trip when the button is pressed', async () => {
  house = await openHouse()
  const { slack } = house
  await slack.type('/mesh doctor', WHO)
  const run = await ended(house)
  const parent = slack.message('C_MESH', run.thread!)!
  expect(shownIn(parent)).toContain('button round trip: not received yet. Press the button below within 120 seconds')
  const [, items] = slack.messages('C_MESH')
  expect(shownIn(items!)).toMatch(/✓ Slack scopes: all 13 that are needed/)
  expect(shownIn(items!)).toMatch(/✓ queue: this job waited \d+\.\d s/)
  expect(shownIn(items!)).toMatch(/✓ store: embedded PGlite/)

  await slack.click(parent, 'Press to test', WHO)
  const after = await slack.waitFor(() =>
    [slack.message('C_MESH', run.thread!)!].find((message) => shownIn(message).includes('and received')),
  )
  expect(shownIn(after)).toMatch(/✓ button round trip: pressed \d+\.\d s after it was shown/)
  expect(shownIn(after)).not.toContain('[Press to test]')
})

it('names each scope that is missing, what does not work without it, and the remedy', async () => {
  house = await openHouse()
  const { slack } = house
  slack.withoutScope('files:write')
  await slack.type('/mesh doctor', WHO)
  const run = await ended(house)
  const says = shownIn(slack.message('C_MESH', run.thread!)!)
  expect(says).toContain('✗ Slack scope files:write: missing: long evidence and full reports cannot be uploaded')
  expect(says).toContain('Remedy: Add it to the app (manifest.yml has the whole list) and reinstall the app.')
  expect(run.outcome?.verdict).toBe('ill')
})
