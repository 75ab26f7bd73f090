import { afterEach, describe, expect, it } from 'vitest'
import { keptAnswer } from '../../src/capabilities/kept-answer.ts'
import { timeline } from '../../src/capabilities/timeline.ts'
import type { Clients } from '../../src/evidence/clients/clients.ts'
import { recordedClients } from '../replay.ts'
import { GATEWAY, SIDECAR } from '../timeline/recorded.ts'
import { ended, openHouse, type House } from './house.ts'
import { openLeaseHouse } from './lease-house.ts'
import { shownIn } from './texts.ts'

const WHO = { user: 'U_ONCALL', channel: 'C_MESH' }

/** A recorded mesh whose gateway and one sidecar have logged a request that got 504. */
function mesh(): Clients {
  const clients = recordedClients('slow-endpoint/ill')
  return {
    ...clients,
    kubernetes: {
      ...clients.kubernetes,
      log: ({ name }) =>
        Promise.resolve(name.startsWith('istio-ingress') ? GATEWAY : name.startsWith('catalog-v2') ? SIDECAR : ''),
    },
  }
}

let house: House
afterEach(() => house.close())

it('one request of a target: its story in one message, a picture, and a file with table and lines', async () => {
  house = await openHouse({ clients: mesh() })
  await house.slack.type('/mesh timeline catalog -n istioinaction --status 504', WHO)
  expect(await ended(house)).toMatchObject({ state: 'done', outcome: { verdict: 'shown' } })
  const [root] = house.slack.messages('C_MESH')
  const shown = shownIn(root!)
  expect(shown).toContain("GET catalog.istioinaction.io/items: 504 after 503.6 ms, the route's timeout fired")
  expect(shown).toContain(
    "503.2 ms after the request was sent, without an answer, the route's timeout of 500 ms fired.",
  )
  expect(shown.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(12)
  const files = house.slack.thread('C_MESH', root!.ts).flatMap((message) => message.files)
  expect(files.map(({ name }) => name.replace(/.*\./, ''))).toEqual(['png', 'txt'])
  const text = house.slack
    .files()
    .find(({ name }) => name.endsWith('.txt'))!
    .bytes.toString()
  expect(text).toContain('"StreamId":"2823532918555626541"] upstream timeout')
  expect(text).toMatch(/503\.307\s+gateway\s+90\s+the route's timeout fired/)
  const picture = house.slack.files().find(({ name }) => name.endsWith('.png'))!
  expect(picture.altText).toContain('504 after 503.6 ms')
})

it('what is mistyped is told to who typed it alone, with a line of this command', async () => {
  house = await openHouse({ clients: mesh() })
  const odd = await house.slack.type('/mesh timeline catalog -n istioinaction --status teapot', WHO)
  await house.slack.waitFor(() => odd.ephemerals()[0])
  expect(shownIn(odd.ephemerals()[0]!)).toMatch(
    /"teapot" is no status of HTTP[\s\S]*\/mesh timeline catalog --status 504/,
  )
  const path = await house.slack.type('/mesh timeline catalog --path items', WHO)
  await house.slack.waitFor(() => path.ephemerals()[0])
  expect(shownIn(path.ephemerals()[0]!)).toContain('--path /items')
  expect(house.slack.messages('C_MESH')).toEqual([])
})

it('what is kept of it is deleted by whoever asked or an operator, and that is recorded', async () => {
  const leases = await openLeaseHouse({ clients: mesh })
  house = leases
  const { run, message } = await leases.asked('/mesh timeline catalog -n istioinaction', 'U_VISITOR')
  expect(await leases.press(message, 'Delete', 'U_OTHER')).toMatch(
    /requires the role operator[\s\S]*whoever asked for it/,
  )
  expect(await leases.press(message, 'Delete', 'U_VISITOR')).toContain('Deleted: mesh-medic does not keep it any more.')
  expect(await keptAnswer(house.backend.records, run.id, timeline.answer)).toBeUndefined()
  expect(await leases.press(message, 'Delete', 'U_ONCALL')).toContain('It is not kept any more.')
  expect(await leases.press(message, 'Full report', 'U_ONCALL')).toContain('That report is no longer stored.')
  expect((await leases.events(run.id)).filter(({ event }) => event === 'answer-deleted')).toMatchObject([
    { by: { user: 'U_VISITOR' }, facts: { kind: 'timeline', text: 'catalog' } },
  ])
})

describe('on raised log levels', () => {
  it('a press shows a failed request in the thread of the lease', async () => {
    const leases = await openLeaseHouse({ pods: ['catalog-1'] })
    house = leases
    const { message } = await leases.asked('/mesh log-level catalog http:debug --for 5m')
    expect(leases.now(message)).toContain('[Put back now][Extend][Save log][Show a failed request]')
    leases.proxies.at('catalog-1').log = GATEWAY
    await house.slack.click(house.slack.message('C_MESH', message.ts)!, 'Show a failed request', {
      user: 'U_VISITOR',
      channel: 'C_MESH',
    })
    await ended(house, 2)
    const told = house.slack.thread('C_MESH', message.ts).map(shownIn).join('\n')
    expect(told).toContain('504 after 503.6 ms')
    expect(told).toContain('asked by @U_VISITOR')
  })
})
