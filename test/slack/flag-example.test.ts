import { afterEach, expect, it } from 'vitest'
import { recordedClients } from '../replay.ts'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

let house: House
afterEach(() => house.close())

it('a flag with a target: what it means, and the latest request that has it', async () => {
  house = await openHouse({ clients: recordedClients('slow-endpoint/ill') })
  await house.slack.type('/mesh flags UT --target catalog -n istioinaction', WHO)
  expect(await ended(house)).toMatchObject({ state: 'done', outcome: { verdict: 'shown' } })
  const [root, ...more] = house.slack.messages('C_MESH')
  expect(shownIn(root!)).toContain('UpstreamRequestTimeout')
  expect(shownIn(root!)).toMatch(
    /The latest request to Service istioinaction\/catalog with \S+, as logged by istio-ingressgateway-/,
  )
  expect(shownIn(root!)).toContain('504 UT response_timeout')
  expect(more).toEqual([])
})

it('a target that is mistyped is told to who typed it alone, with a line of this command', async () => {
  house = await openHouse({ clients: recordedClients('slow-endpoint/ill') })
  const typed = await house.slack.type('/mesh flags UT uf --target catlog -n istioinaction', WHO)
  await house.slack.waitFor(() => typed.ephemerals()[0])
  expect(shownIn(typed.ephemerals()[0]!)).toContain('/mesh flags UT UF --target catalog -n istioinaction')
  const odd = await house.slack.type('/mesh flags UT --target <!here>', WHO)
  await house.slack.waitFor(() => odd.ephemerals()[0])
  expect(shownIn(odd.ephemerals()[0]!)).toContain('/mesh flags UT --target catalog -n shop')
  expect(house.slack.messages('C_MESH')).toEqual([])
})
