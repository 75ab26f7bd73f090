import { afterEach, expect, it } from 'vitest'
import { recordedClients } from '../replay.ts'
import { ended, openHouse, type House } from './house.ts'
import { heldClients } from './slow-clients.ts'
import { shownIn } from './texts.ts'

let house: House
afterEach(() => house.close())

it('cancels a run by its button, says by whom, and gives the target back', async () => {
  const held = heldClients(recordedClients('chapter-10/ill'))
  house = await openHouse({ clients: held.clients })
  const { slack } = house
  await slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
  const parent = await slack.waitFor(() => held.asked() > 0 && slack.messages('C_MESH')[0])
  const click = await slack.click(parent, 'cancel-run', { user: 'U_SECOND', channel: 'C_MESH' })
  await slack.waitFor(() => click.ephemerals().some((one) => shownIn(one).includes('Cancelling')))
  expect(await ended(house)).toMatchObject({ state: 'cancelled', cancelAskedBy: 'U_SECOND' })
  const [only, ...others] = slack.messages('C_MESH')
  expect(shownIn(only!)).toContain('Cancelled by @U_SECOND  `Service istioinaction/catalog`')
  expect(shownIn(only!)).toContain('[Run again]')
  expect(shownIn(only!)).not.toContain('[Cancel]')
  expect(others).toEqual([])

  held.release()
  await slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
  expect((await ended(house, 2)).state).toBe('done')
})
