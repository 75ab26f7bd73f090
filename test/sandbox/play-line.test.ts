import { expect, it } from 'vitest'
import { DEFAULT_PEOPLE } from '../../src/sandbox/slack/defaults.ts'
import { playLine } from '../../src/sandbox/slack/play-line.ts'
import { openHouse } from '../slack/house.ts'
import { shownIn } from '../slack/texts.ts'

it('mentions the bot, as a person of the stand-in may', async () => {
  const house = await openHouse()
  await playLine(house.slack, DEFAULT_PEOPLE, '@mesh-medic leases as second')
  const [told] = await house.slack.waitFor(
    () => house.slack.ephemerals('U_SECOND').length > 0 && house.slack.ephemerals('U_SECOND'),
  )
  expect(shownIn(told!)).toContain('No log levels are raised')
  await house.close()
})
