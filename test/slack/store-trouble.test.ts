import { afterEach, expect, it } from 'vitest'
import { StoreUnavailableError, type Records } from '../../src/store/records.ts'
import { ended, openHouse, type House } from './house.ts'
import { memoryBackend } from '../queue/memory-backend.ts'
import { shownIn } from './texts.ts'

let house: House
afterEach(() => house.close())

it('a diagnosis whose message was posted when the store failed is told in that message, once', async () => {
  const backend = memoryBackend()
  let isPosted = (): boolean => false
  let failures = 0
  const write: Records['write'] = (...all) => {
    if (failures > 0 || !isPosted()) return backend.records.write(...all)
    failures += 1
    return Promise.reject(new StoreUnavailableError('write'))
  }
  house = await openHouse({
    options: { underWay: 10 },
    backend: {
      ...backend,
      records: { ...backend.records, write },
      openWorker: (request) => backend.openWorker(request),
      ping: () => backend.ping(),
      close: () => backend.close(),
    },
  })
  const { slack } = house
  const roots = () => slack.messages('C_MESH').filter(({ threadTs }) => threadTs === undefined)
  isPosted = () => roots().length > 0
  await slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
  const run = await ended(house)
  expect(run).toMatchObject({ state: 'done', outcome: { verdict: 'ill' } })
  expect(failures).toBe(1)
  await slack.waitFor(() => roots().some((one) => shownIn(one).includes('Ill')))
  expect(roots()).toHaveLength(1)
})
