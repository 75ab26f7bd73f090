import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { policyOf } from '../../src/config/policy.ts'
import { parseRecording } from '../../src/evidence/clients/recording.ts'
import { recordedMesh } from '../../src/sandbox/recorded-mesh.ts'
import type { Message, ShownView } from '../../src/sandbox/slack/stand-in.ts'
import { putBack } from '../../src/leases/put-back.ts'
import { readLease } from '../../src/leases/lease-record.ts'
import { createRun, type RunRecord } from '../../src/store/runs.ts'
import { SCENARIOS } from '../situation.ts'
import { CONFIG } from './lease-house.ts'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

const recording = (twin: 'ill' | 'mended'): ReturnType<typeof parseRecording> =>
  parseRecording(readFileSync(join(SCENARIOS, 'chapter-10', twin, 'recording.json'), 'utf8'))
const mesh = recordedMesh({ ill: recording('ill'), mended: recording('mended') })

let house: House
let diagnosis: RunRecord
let message: Message
beforeAll(async () => {
  house = await openHouse({ clients: mesh.clients, writer: mesh.writer, policy: policyOf(CONFIG) })
  await house.slack.type('/mesh diagnose catalog', { user: 'U_ONCALL', channel: 'C_MESH' })
  diagnosis = await ended(house)
  message = house.slack.messages('C_MESH').find(({ ts }) => ts === diagnosis.thread)!
}, 60_000)
afterAll(() => house.close())

interface Select {
  options: { value: string }[]
  initial_options?: { value: string }[]
  max_selected_items?: number
}

const valuesOf = (options: { value: string }[] = []): string[] => options.map(({ value }) => value)

async function opened(): Promise<{ view: ShownView; of: (block: string) => Select }> {
  await house.slack.click(message, 'Raise log level', { user: 'U_ONCALL', channel: 'C_MESH' })
  const view = await house.slack.waitFor(() =>
    house.slack.views('U_ONCALL').find(({ blocks }) => JSON.stringify(blocks).includes('multi_static_select')),
  )
  return { view, of: (block) => view.blocks.find(({ block_id }) => block_id === block)!.element as Select }
}

const gateway = (of: (block: string) => Select): string =>
  valuesOf(of('proxies').options).find((pod) => pod.startsWith('istio-system/istio-ingressgateway'))!

it('offers the loggers that fit the finding, the target’s proxies first, then the gateways’', async () => {
  const { view, of } = await opened()
  expect(valuesOf(of('loggers').initial_options)).toEqual(['http', 'router', 'rds', 'config', 'upstream'])
  const pods = valuesOf(of('proxies').options)
  expect(pods[0]).toMatch(/^istioinaction\/catalog-/)
  expect(pods.at(-1)).toBe(gateway(of))
  expect(valuesOf(of('proxies').initial_options)).toEqual(pods.slice(0, 2))
  expect(of('proxies').max_selected_items).toBe(2)
  await house.slack.closeView(view)
})

it('raises a gateway’s proxy, as it was part of that diagnosis', async () => {
  const { view, of } = await opened()
  const pod = gateway(of)
  await house.slack.submitView(view, { proxies: [pod], loggers: ['http', 'router'] })
  const run = await ended(house, 2)
  const [namespace = '', name = ''] = pod.split('/')
  expect((await readLease(house.backend.records, run.id))?.proxies).toMatchObject([
    { pod: { namespace, name }, state: 'raised', before: { http: 'warning', router: 'warning' } },
  ])
  expect(Object.fromEntries(mesh.levels.get(`${name}.${namespace}`)!)).toEqual({ http: 'debug', router: 'debug' })
  expect(house.slack.thread('C_MESH', message.ts).map(shownIn).join('\n')).toContain(
    `- ✓ \`Pod ${pod}\`  set (was http:warning, router:warning)`,
  )
  const back = await putBack(
    { records: house.backend.records, clients: mesh.clients, writer: mesh.writer },
    run.id,
    { why: 'put back' },
    new AbortController().signal,
  )
  expect(back?.proxies).toMatchObject([{ state: 'put-back' }])
  expect(Object.fromEntries(mesh.levels.get(`${name}.${namespace}`)!)).toEqual({ http: 'warning', router: 'warning' })
})

it.each([
  ['a pod that was no part of it', (of: string): object => ({ of }), ['istio-system/istiod-1']],
  ['a gateway without a diagnosis', (): object => ({}), undefined],
])('raises no %s', async (_name, link, given) => {
  const { view, of } = await opened()
  await house.slack.closeView(view)
  const pods = given ?? [gateway(of)]
  const { text, namespace, target } = diagnosis.request
  const run = await createRun(house.backend.records, {
    request: {
      kind: 'raise-log-levels',
      text,
      namespace,
      target,
      raise: { levels: { http: 'debug' }, pods },
      ...link(diagnosis.id),
    },
    asker: { user: 'U_ONCALL' },
    channel: 'C_MESH',
    thread: diagnosis.thread,
  })
  await house.backend.queue.enqueue({ run: run.id, kind: 'raise-log-levels' })
  const said = `No running proxy of the target is in a pod "${pods[0]!}". `
  await house.slack.waitFor(() =>
    house.slack.thread('C_MESH', message.ts).some((one) => shownIn(one).includes(said.trim())),
  )
  expect(await readLease(house.backend.records, run.id)).toBeUndefined()
})
