import { afterEach, expect, it } from 'vitest'
import { recordedClients } from '../replay.ts'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

let house: House
afterEach(() => house.close())

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

it('says how the proxies of the mesh stand', async () => {
  house = await openHouse()
  await house.slack.type('/mesh status', WHO)
  const run = await ended(house)
  expect(run.state).toBe('done')
  const says = shownIn(house.slack.message('C_MESH', run.thread!)!)
  expect(says).toContain('Control plane')
  expect(says).toMatch(/proxies in the mesh|proxies of the mesh/)
  expect(says).toContain('[Run again]')
})

it('gives the text of what a proxy refused', async () => {
  house = await openHouse({ clients: recordedClients('rejected-envoyfilter/ill') })
  await house.slack.type('/mesh status istioinaction', WHO)
  await ended(house)
  const says = house.slack.messages('C_MESH').map(shownIn).join('\n')
  expect(says).toContain('3 proxies: rejected what istiod sent (NACK)')
  expect(says).toContain('FillInterval: value must be greater than 0s')
})
