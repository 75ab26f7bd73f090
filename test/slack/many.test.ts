import { afterEach, expect, it } from 'vitest'
import { recordedClients } from '../replay.ts'
import { openHouse, type House } from './house.ts'
import { clientsWithServices } from './slow-clients.ts'

let house: House
afterEach(() => house.close())

const percentile = (values: number[], share: number): number => values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1]!

it('acknowledges 50 commands at once within 250 ms, and has their first messages within 1.5 s', async () => {
  const services = Array.from({ length: 50 }, (_, index) => ({ name: `service-${index}`, namespace: 'shop' }))
  const clients = clientsWithServices(recordedClients('chapter-10/ill'), services)
  let lists = 0
  const counting = { ...clients, kubernetes: { ...clients.kubernetes, list: (...all: Parameters<typeof clients.kubernetes.list>) => { lists += 1; return clients.kubernetes.list(...all) } } }
  // No worker: what a worker does at the same time is not what is measured.
  house = await openHouse({ clients: counting, options: { jobs: 0 } })
  const { slack } = house
  const began = performance.now()
  const firsts = new Map<string, number>()
  slack.on('message', ({ message }) => { if (message.threadTs === undefined) firsts.set(message.text, performance.now() - began) })
  const typed = await Promise.all(services.map(({ name }) => slack.type(`/mesh diagnose ${name}`, { user: 'U_ONCALL', channel: 'C_MESH' })))
  await slack.waitFor(() => firsts.size === 50, 10_000)
  const acks = typed.map(({ acknowledgedInMilliseconds = Infinity }) => acknowledgedInMilliseconds)
  console.log({ ack: percentile(acks, 0.99), first: percentile([...firsts.values()], 0.99), lists })
  expect(percentile(acks, 0.99)).toBeLessThanOrEqual(250)
  expect(percentile([...firsts.values()], 0.99)).toBeLessThanOrEqual(1500)
  expect(lists).toBe(2)
  await new Promise((resolve) => setTimeout(resolve, 500))
})

it('joins 49 of 50 questions about one target', async () => {
  house = await openHouse({ options: { jobs: 0 } })
  const { slack } = house
  const typed = await Promise.all(Array.from({ length: 50 }, () => slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })))
  const told = await slack.waitFor(() => { const all = slack.ephemerals(); return all.length >= 49 && all }, 10_000)
  expect(typed.every(({ outcome }) => outcome === 'acknowledged')).toBe(true)
  expect(told).toHaveLength(49)
  expect(told.every(({ text }) => text.includes('is being diagnosed already'))).toBe(true)
  expect(slack.messages('C_MESH')).toHaveLength(1)
})
