import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { isFinished, listRuns, updateRun } from '../../src/store/runs.ts'
import { recordedClients } from '../replay.ts'
import { openHouse, type House } from './house.ts'
import { clientsWithServices } from './slow-clients.ts'

let house: House
afterEach(async () => {
  await house.close()
  // Nobody worked on them; the next house is not to begin with them.
  for (const { id } of await listRuns(house.backend.records))
    await updateRun(house.backend.records, id, (run) => (isFinished(run) ? undefined : { ...run, state: 'cancelled' }))
})

// The figures that are promised (250 ms, 1.5 s) are measured by the bench; here the machine may be busy with other tests.
it('acknowledges 50 commands at once before it works on any, and looks the cluster up once for all', async () => {
  const services = Array.from({ length: 50 }, (_, index) => ({ name: `service-${index}`, namespace: 'shop' }))
  const clients = clientsWithServices(recordedClients('chapter-10/ill'), services)
  let lists = 0
  const counting = {
    ...clients,
    kubernetes: {
      ...clients.kubernetes,
      list: (...all: Parameters<typeof clients.kubernetes.list>) => {
        // A sweep asks which cluster this is, by one object's name, whenever it comes.
        if (all[1].fields === undefined) lists += 1
        return clients.kubernetes.list(...all)
      },
    },
  }
  // No worker: what a worker does at the same time is not what is measured.
  house = await openHouse({ clients: counting, options: { jobs: 0 } })
  const { slack } = house
  // What is kept of a look stays fresh, however long the machine takes for the rest.
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const firsts = new Set<string>()
  slack.on('message', ({ message }) => {
    if (message.threadTs === undefined) firsts.add(message.text)
  })
  const typed = await Promise.all(
    services.map(({ name }) => slack.type(`/mesh diagnose ${name}`, { user: 'U_ONCALL', channel: 'C_MESH' })),
  )
  await slack.waitFor(() => firsts.size === 50)
  expect(typed.map(({ outcome }) => outcome)).toEqual(services.map(() => 'acknowledged'))
  expect((await listRuns(house.backend.records)).filter(({ state }) => state === 'queued')).toHaveLength(50)
  // Services and namespaces.
  expect(lists).toBe(2)
  await new Promise((resolve) => setTimeout(resolve, 500))
})

it('joins 49 of 50 questions about one target', async () => {
  house = await openHouse({ options: { jobs: 0 } })
  const { slack } = house
  const typed = await Promise.all(
    Array.from({ length: 50 }, () => slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })),
  )
  const told = await slack.waitFor(() => {
    const all = slack.ephemerals()
    return all.length >= 49 && all
  })
  expect(typed.every(({ outcome }) => outcome === 'acknowledged')).toBe(true)
  expect(told).toHaveLength(49)
  expect(told.every(({ text }) => text.includes('is already being diagnosed'))).toBe(true)
  expect(slack.messages('C_MESH')).toHaveLength(1)
})
