import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { accessLogOff } from '../../src/checks/access-log-off.ts'
import type { Report } from '../../src/diagnosis/report.ts'
import { policyOf } from '../../src/config/policy.ts'
import { parseRecording } from '../../src/evidence/clients/recording.ts'
import { RESOURCES } from '../../src/evidence/collectors/objects.ts'
import { verdictButtons } from '../../src/slack/answers/run-buttons.ts'
import { telemetryName } from '../../src/fixes/lent-telemetry.ts'
import { readLease, updateLease } from '../../src/leases/lease-record.ts'
import { sweepLeases } from '../../src/leases/sweep-leases.ts'
import { recordedMesh } from '../../src/sandbox/recorded-mesh.ts'
import type { Message, ShownView } from '../../src/sandbox/slack/stand-in.ts'
import { auditEntries } from '../../src/store/audit.ts'
import type { RunRecord } from '../../src/store/runs.ts'
import { SCENARIOS } from '../situation.ts'
import { CONFIG } from './lease-house.ts'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

const recording = (twin: 'ill' | 'mended'): ReturnType<typeof parseRecording> =>
  parseRecording(readFileSync(join(SCENARIOS, 'access-log-off', twin, 'recording.json'), 'utf8'))
const mesh = recordedMesh({ ill: recording('ill'), mended: recording('mended') })
const CATALOG = 'Deployment istioinaction/catalog'
const NEVER = new AbortController().signal

let house: House
let diagnosis: RunRecord
let message: Message
let runs = 0
beforeAll(async () => {
  house = await openHouse({
    clients: mesh.clients,
    writer: mesh.writer,
    policy: policyOf(CONFIG),
    checks: [accessLogOff],
  })
  diagnosis = await asked('/mesh diagnose catalog -n istioinaction')
  message = house.slack.messages('C_MESH').find(({ ts }) => ts === diagnosis.thread)!
}, 60_000)
afterAll(() => house.close())

async function asked(line: string, user = 'U_ONCALL'): Promise<RunRecord> {
  await house.slack.type(line, { user, channel: 'C_MESH' })
  runs += 1
  return ended(house, runs)
}
const told = async (line: string, user = 'U_ONCALL'): Promise<string> => {
  const typed = await house.slack.type(line, { user, channel: 'C_MESH' })
  return shownIn(await house.slack.waitFor(() => typed.ephemerals()[0]))
}
const messageOf = (run: RunRecord): Message =>
  house.slack.messages('C_MESH').findLast(({ ts }) => ts === run.thread) ?? message
const buttonsOf = ({ blocks }: Pick<Message, 'blocks'>): string[] =>
  (blocks as readonly { type: string; elements?: { text?: { text?: string } }[] }[])
    .filter(({ type }) => type === 'actions')
    .flatMap(({ elements = [] }) => elements.map(({ text }) => text?.text ?? ''))
const inThread = (): string => house.slack.thread('C_MESH', message.ts).map(shownIn).join('\n')
/** Specs of the Telemetry objects of the namespace, by name. */
const telemetries = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries(
    (await mesh.clients.kubernetes.list(RESOURCES.telemetries, { namespace: 'istioinaction' }, NEVER)).map(
      ({ metadata, spec }) => [metadata.name, spec],
    ),
  )
const sweep = (): Promise<void> =>
  sweepLeases({ records: house.backend.records, clients: mesh.clients, writer: mesh.writer }, NEVER)

interface Select {
  options: { value: string; text: { text: string } }[]
  initial_option?: { value: string }
}
async function opened(user = 'U_ONCALL'): Promise<{ view: ShownView; of: (block: string) => Select }> {
  await house.slack.click(message, 'Turn on access logs', { user, channel: 'C_MESH' })
  const view = await house.slack.waitFor(() =>
    house.slack.views(user).find(({ blocks }) => !JSON.stringify(blocks).includes('Reading what')),
  )
  return { view, of: (block) => view.blocks.find(({ block_id }) => block_id === block)!.element as Select }
}

it('a diagnosis that finds them off offers to turn them on', () => {
  expect(shownIn(message)).toContain('access log')
  expect(buttonsOf(message)).toEqual(['Turn on access logs', 'Run again', 'Full report'])
})

it('shows which workloads log nothing', async () => {
  const run = await asked('/mesh access-log catalog -n istioinaction')
  const shown = messageOf(run)
  expect(shownIn(shown)).toContain('Access logs of 2 workloads')
  expect(shownIn(shown)).toContain('✗ logs no requests (1 proxy)')
  expect(shownIn(shown)).toContain('envoy')
  expect(buttonsOf(shown)).toEqual(['Turn on access logs', 'Run again'])
})

it('the button asks for which workload; the lease is in the thread, listed, and put back by its button', async () => {
  const before = await telemetries()
  const { view, of } = await opened()
  expect(of('workload').options.map(({ value }) => value)).toEqual([
    CATALOG,
    'Deployment istioinaction/catalog-v2',
    expect.stringContaining('istio-ingressgateway'),
  ])
  expect(of('provider').options.map(({ value }) => value)).toEqual(['(chosen)', 'envoy'])
  expect(of('minutes').initial_option?.value).toBe('10')
  await house.slack.submitView(view, { workload: CATALOG, minutes: '5' })
  runs += 1
  const run = await ended(house, runs)
  const lease = (await readLease(house.backend.records, run.id))!
  expect([lease.kind, lease.state, lease.lent, lease.proxies[0]?.selector]).toEqual([
    'access-logs',
    'raised',
    { 'access log': 'envoy' },
    { app: 'catalog', version: 'v1' },
  ])
  expect(Object.keys(await telemetries())).toEqual([...Object.keys(before), telemetryName(run.id)])
  expect(inThread()).toContain('Access logs are on')
  expect(inThread()).toContain(`✓ \`${CATALOG}\`  on`)
  expect(inThread()).toContain('seen in the configuration of 1 proxy')
  expect(await told('/mesh leases')).toContain(`access log by provider envoy\` of ${CATALOG}`)

  const shown = house.slack.thread('C_MESH', message.ts).find((one) => buttonsOf(one).includes('Put back now'))!
  const refused = await house.slack.click(shown, 'Put back now', { user: 'U_VISITOR', channel: 'C_MESH' })
  await house.slack.waitFor(() => refused.ephemerals().length > 0)
  expect(Object.keys(await telemetries())).toContain(telemetryName(run.id))
  await house.slack.click(shown, 'Put back now', { user: 'U_ONCALL', channel: 'C_MESH' })
  await house.slack.waitFor(() => inThread().includes('Access logs were put back'))
  expect(inThread()).toContain('as before, the Telemetry object was deleted')
  expect(await telemetries()).toEqual(before)
  const events = (await auditEntries(house.backend.records))
    .map(({ entry }) => entry)
    .filter((entry) => entry.run === run.id || entry.facts.lease === run.id)
  expect(events.map(({ event }) => event).filter((event) => event.startsWith('lease-'))).toEqual([
    'lease-asked',
    'lease-granted',
    'lease-refused',
    'lease-ended',
  ])
})

it('the command turns on those of one workload; the time being over, the sweep puts them back', async () => {
  const before = await telemetries()
  const run = await asked('/mesh access-log deploy/catalog-v2 -n istioinaction on --for 2m')
  expect(shownIn(messageOf(run))).toContain('Access logs are on')
  expect((await telemetries())[telemetryName(run.id)]).toMatchObject({
    selector: { matchLabels: { app: 'catalog', version: 'v2' } },
  })
  await updateLease(house.backend.records, run.id, (lease) => ({
    ...lease,
    until: new Date(Date.now() - 1).toISOString(),
  }))
  await sweep()
  expect(await telemetries()).toEqual(before)
  expect((await readLease(house.backend.records, run.id))?.ended?.why).toBe('time')
})

it('says what there is to choose where a target has several workloads', async () => {
  const run = await asked('/mesh access-log catalog -n istioinaction on')
  expect(run.outcome?.verdict).not.toBe('turned on')
  expect(shownIn(messageOf(run))).toContain('catalog has 2 workloads, and access logs are turned on for one at a time.')
  expect(shownIn(messageOf(run))).toContain('deploy/catalog -n istioinaction')
})

it.each([
  ['/mesh access-log', 'No target was given'],
  ['/mesh access-log catalog off', '"off" is not "on"'],
  ['/mesh access-log catalog --for 5m', 'turned on only by the word "on"'],
  ['/mesh access-log deploy/catalog on --for 3h', 'more than one lease may last'],
  ['/mesh access-log deploy/catalog on --for soon', 'is not a time'],
  ['/mesh access-log deploy/catalog on --provider enˍvoy', 'is not the name of a provider'],
  [
    '/mesh access-log deploy/catalgo -n istioinaction on --for 5m',
    '/mesh access-log deploy/catalog -n istioinaction on --for 5m',
  ],
  [
    '/mesh log-level deploy/catalgo -n istioinaction --ztunnel',
    '/mesh log-level deploy/catalog -n istioinaction --ztunnel',
  ],
])('%s is refused: %s', async (line, why) => {
  expect(await told(line)).toContain(why)
})

it('a provider that the mesh configuration does not have is refused, with those it has', async () => {
  const run = await asked('/mesh access-log deploy/catalog -n istioinaction on --provider loki')
  expect(shownIn(messageOf(run))).toContain('has no provider "loki"')
  expect(shownIn(messageOf(run))).toContain('Providers: envoy')
})

it('nobody but operators turns them on, neither by the command nor by the button', async () => {
  const before = await telemetries()
  expect(await told('/mesh access-log deploy/catalog -n istioinaction on', 'U_VISITOR')).toMatch(/operator/)
  const { view } = await opened('U_VISITOR')
  expect(JSON.stringify(view.blocks)).toMatch(/operator/)
  expect(await telemetries()).toEqual(before)
})

it.each<[Report['verdict'], string, string[]]>([
  ['ill', 'MESH0439', ['Turn on access logs', 'Full report', 'Run again']],
  ['unclear', 'MESH0443', ['Turn on access logs', 'Full report', 'Run again']],
  ['ill', 'MESH0437', ['Raise log level', 'Full report', 'Run again']],
  ['healthy', 'MESH0437', ['Run again', 'Full report']],
])('under a verdict %s with %s stand the buttons %j', async (verdict, code, labels) => {
  const report = { verdict, changes: [], findings: [{ code }] } as unknown as Report
  const buttons = await verdictButtons(house.backend.records, diagnosis, report)
  expect(buttons.map(({ label }) => label)).toEqual(labels)
})
