import { afterEach, beforeEach, expect, it } from 'vitest'
import { capturedPackets } from '../../src/checks/captured-packets.ts'
import { missingSubset } from '../../src/checks/missing-subset.ts'
import { policyOf } from '../../src/config/policy.ts'
import type { Message } from '../../src/sandbox/slack/stand-in.ts'
import { diagnose } from '../../src/capabilities/diagnose.ts'
import { forgetAnswer, keptAnswer } from '../../src/capabilities/kept-answer.ts'
import { updateApproval } from '../../src/leases/captures/approval.ts'
import { auditEntries } from '../../src/store/audit.ts'
import { listRuns } from '../../src/store/runs.ts'
import { mesh, name } from '../capabilities/capture-mesh.ts'
import { ended, openHouse, type House } from './house.ts'
import { shownIn } from './texts.ts'

const IMAGE = `tools@sha256:${'a'.repeat(64)}`
/** ONCALL, SECOND and THIRD are operators; DOUBLE is ONCALL's second account; VISITOR may only look. */
const CONFIG = {
  channels: {
    C_MESH: { captures: true, roles: { operator: { users: ['U_ONCALL', 'U_SECOND', 'U_THIRD', 'U_DOUBLE'] } } },
    C_EASY: { fourEyes: false, roles: { operator: { users: ['U_ONCALL', 'U_SECOND'] } } },
    C_NOBODY: {},
  },
  identities: { users: { U_ONCALL: { user: 'oncall@shop' }, U_DOUBLE: { user: 'oncall@shop' } } },
  capture: { image: IMAGE },
}
const ASK = `/mesh capture pod/${name} -n istioinaction --port 3000 --for 5s`

let house: House
let pods: ReturnType<typeof mesh>
beforeEach(async () => {
  pods = mesh()
  house = await openHouse({
    clients: pods.clients,
    writer: pods.writer,
    policy: policyOf(CONFIG),
    checks: [missingSubset, capturedPackets],
    slack: {
      people: ['ONCALL', 'SECOND', 'THIRD', 'DOUBLE', 'VISITOR'].map((one) => ({
        id: `U_${one}`,
        name: one.toLowerCase(),
      })),
      channels: [
        { id: 'C_MESH', name: 'mesh' },
        { id: 'C_EASY', name: 'easy' },
        { id: 'C_NOBODY', name: 'nobody' },
      ],
    },
  })
})
afterEach(() => house.close())

async function asked(line: string, user: string, channel = 'C_MESH') {
  await house.slack.type(line, { user, channel })
  const run = await ended(house)
  return { run, message: house.slack.messages(channel).findLast(({ ts }) => ts === run.thread)! }
}
async function press(message: Message, button: string, user: string): Promise<string> {
  const current = house.slack.message(message.channel, message.ts) ?? message
  const click = await house.slack.click(current, button, { user, channel: message.channel })
  await house.slack.waitFor(() => click.ephemerals().length > 0)
  return shownIn(click.ephemerals()[0]!)
}
/** The button of a message as it was, in a message of now. */
async function pressOld({ blocks }: Message, user: string): Promise<string> {
  const { ts } = await house.bot.app.client.chat.postMessage({
    channel: 'C_MESH',
    text: 'as it was',
    blocks: blocks.filter(({ type }) => type === 'actions'),
  })
  return press(house.slack.message('C_MESH', ts!)!, 'Approve', user)
}
const now = ({ channel, ts }: Message): string => shownIn(house.slack.message(channel, ts)!)
const events = async (): Promise<string[]> =>
  (await auditEntries(house.backend.records, { limit: 1000 })).map(({ entry: { event, by } }) => `${event} ${by.user}`)

it('is captured once another operator has approved it, in the thread it was asked in, with the file', async () => {
  const { run, message } = await asked(ASK, 'U_ONCALL')
  expect(now(message)).toContain('📝 Capture of packets of ')
  expect(now(message)).toMatch(/lo, port 3000, for 5 s, the first 160 bytes of each packet/)
  expect(now(message)).toContain('which ends and stays in the pod')
  expect(now(message)).toContain('@U_SECOND')
  expect(now(message).split('\n').length).toBeLessThanOrEqual(12)
  expect(house.slack.thread('C_MESH', message.ts).map(shownIn).join('\n')).toContain('waits for your approval until')

  expect(await press(message, 'Approve', 'U_ONCALL')).toContain('somebody else has to approve it')
  expect(await press(message, 'Approve', 'U_DOUBLE')).toContain('somebody else has to approve it')
  expect(await press(message, 'Approve', 'U_VISITOR')).toContain('that requires the role operator')
  expect([pods.seen.orders.length, (await listRuns(house.backend.records)).length]).toEqual([0, 1])

  expect(await press(message, 'Approve', 'U_SECOND')).toContain('Approved: it is being captured')
  const captured = await ended(house, 2)
  expect(captured).toMatchObject({
    asker: { user: 'U_ONCALL' },
    outcome: { verdict: 'captured' },
    request: { approval: run.id },
  })
  expect(now(message)).toMatch(/^✅ Capture of packets of .* approved by @U_SECOND/)
  expect(now(message)).not.toContain('[Approve]')
  await house.slack.waitFor(() => house.slack.files().some(({ name: file }) => file.endsWith('.pcap')))
  const thread = house.slack.thread('C_MESH', message.ts)
  expect(thread.map(shownIn).join('\n')).toContain("GET /items; 496 to 503 ms later the proxy's side closed")
  expect(thread.flatMap(({ files }) => files.map(({ name: file }) => file))).toContainEqual(
    expect.stringMatching(/\.pcap$/),
  )
  expect(pods.seen.orders).toHaveLength(1)
  expect(pods.seen.running.size).toBe(0)
  expect(await events()).toEqual(
    expect.arrayContaining(['lease-refused U_VISITOR', 'capture-approved U_SECOND', 'lease-granted U_ONCALL']),
  )
})

it('a diagnosis in that thread uses what the packets have shown; after it is deleted, none does', async () => {
  const { message } = await asked(ASK, 'U_ONCALL')
  await press(message, 'Approve', 'U_SECOND')
  const captured = await ended(house, 2)
  const { slack, backend } = house
  const mention = (): Promise<unknown> =>
    slack.mention('diagnose catalog -n istioinaction', { user: 'U_ONCALL', channel: 'C_MESH', thread: message.ts })
  await mention()
  const run = await ended(house, 3)
  const told = (await keptAnswer(backend.records, run.id, diagnose.answer))!.report
  expect(told.findings.map(({ code, standing, subject }) => [code, standing, subject.name])).toEqual(
    expect.arrayContaining([
      ['MESH0448', 'observed', name],
      ['MESH0449', 'observed', name],
    ]),
  )
  expect(told.plan.map(({ id }) => id)).toContainEqual(expect.stringMatching(/^capture istioinaction\/catalog-v2-/))
  await forgetAnswer(backend.records, captured.id)
  await mention()
  const later = await ended(house, 4)
  const without = (await keptAnswer(backend.records, later.id, diagnose.answer))!.report
  expect(without.findings.map(({ code }) => code)).not.toContain('MESH0448')
})

it('payload takes two approvals, of two people who did not ask', async () => {
  const { message } = await asked(`${ASK} --payload`, 'U_ONCALL')
  expect(now(message)).toContain('Capture of whole packets of')
  expect(now(message)).toContain('has 0 of 2 approvals')
  expect(now(message)).toContain('nothing is redacted')
  expect(await press(message, 'Approve', 'U_SECOND')).toContain('It needs 1 more')
  expect(now(message)).toContain('has 1 of 2 approvals by @U_SECOND')
  expect(await press(message, 'Approve', 'U_SECOND')).toContain('You have approved it already')
  expect(pods.seen.orders).toEqual([])
  expect(await press(message, 'Approve', 'U_THIRD')).toContain('Approved: it is being captured')
  await ended(house, 2)
  expect(pods.seen.orders[0]?.tcpdump.join(' ')).toContain('-s 65535')
  expect(now(message)).toMatch(/approved by @U_SECOND and @U_THIRD/)
})

it("without four eyes an operator's own capture begins at once; payload takes a second approval all the same", async () => {
  const { run } = await asked(ASK, 'U_ONCALL', 'C_EASY')
  expect(run.outcome?.verdict).toBe('captured')
  expect(house.slack.files().map(({ name: file }) => file)).not.toContainEqual(expect.stringMatching(/\.pcap$/))
  const line = `${ASK} --payload`
  await house.slack.type(line, { user: 'U_ONCALL', channel: 'C_EASY' })
  const second = await ended(house, 2)
  const message = house.slack.messages('C_EASY').findLast(({ ts }) => ts === second.thread)!
  expect(now(message)).toContain('has 1 of 2 approvals by @U_ONCALL')
  expect(await press(message, 'Approve', 'U_ONCALL')).toContain('You have approved it already')
  expect(pods.seen.orders).toHaveLength(1)
  expect(await press(message, 'Approve', 'U_SECOND')).toContain('Approved')
  await ended(house, 3)
  expect(pods.seen.orders).toHaveLength(2)
})

it('is rejected, taken back or expires: nothing is captured, and a later press says so', async () => {
  const { message } = await asked(ASK, 'U_VISITOR')
  expect(now(message)).toContain('waits for approval')
  const button = structuredClone(house.slack.message(message.channel, message.ts)!)
  expect(await press(message, 'Reject', 'U_VISITOR')).toContain('Rejected: nothing is captured')
  expect(now(message)).toMatch(/^⛔ .* rejected by @U_VISITOR/)
  expect(await pressOld(button, 'U_SECOND')).toContain('It was rejected by @U_VISITOR')

  await house.slack.type(ASK, { user: 'U_ONCALL', channel: 'C_MESH' })
  const run = await ended(house, 2)
  const later = house.slack.messages('C_MESH').findLast(({ ts }) => ts === run.thread)!
  await updateApproval(house.backend.records, run.id, (one) => ({ ...one, expiresAt: '2026-01-01T00:00:00Z' }))
  expect(await press(later, 'Approve', 'U_SECOND')).toContain('It has expired')
  expect(now(later)).toMatch(/^⌛ .* expired at/)
  expect(pods.seen.orders).toEqual([])
})

it('two who approve at the same moment: it is captured once', async () => {
  const { message } = await asked(ASK, 'U_ONCALL')
  const current = house.slack.message(message.channel, message.ts)!
  const clicks = await Promise.all(
    ['U_SECOND', 'U_THIRD'].map((user) => house.slack.click(current, 'Approve', { user, channel: 'C_MESH' })),
  )
  await house.slack.waitFor(() => clicks.every((click) => click.ephemerals().length > 0))
  const told = clicks.map((click) => shownIn(click.ephemerals()[0]!))
  expect(told.filter((one) => one.includes('it is being captured'))).toHaveLength(1)
  expect(told.filter((one) => one.includes('It is already approved by'))).toHaveLength(1)
  await ended(house, 2)
  expect((await listRuns(house.backend.records)).length).toBe(2)
  expect(pods.seen.orders).toHaveLength(1)
})

it('who asked and another operator press at the same moment: it is captured, and the message says so', async () => {
  const { message } = await asked(ASK, 'U_ONCALL')
  const current = house.slack.message(message.channel, message.ts)!
  const clicks = await Promise.all(
    ['U_ONCALL', 'U_SECOND', 'U_ONCALL'].map((user) =>
      house.slack.click(current, 'Approve', { user, channel: 'C_MESH' }),
    ),
  )
  await house.slack.waitFor(() => clicks.every((click) => click.ephemerals().length > 0))
  expect(await ended(house, 2)).toMatchObject({ outcome: { verdict: 'captured' } })
  expect(now(message)).toMatch(/^✅ Capture of packets of .* approved by @U_SECOND/)
})

it('where the namespace lets nobody capture it is said why, and the log levels can be raised instead', async () => {
  pods.seen.refused = 'violates PodSecurity "restricted:latest"'
  const { message } = await asked(ASK, 'U_ONCALL')
  expect(now(message)).toMatch(/No packets of .* can be captured: .*violates PodSecurity "restricted:latest"/)
  expect(now(message)).toContain("Envoy's debug log says nearly as much")
  expect(now(message)).toContain('[Raise log level][Run again]')
  const click = await house.slack.click(message, 'Raise log level', { user: 'U_ONCALL', channel: 'C_MESH' })
  expect(click.shownError).toBeUndefined()
  const view = await house.slack.waitFor(() => house.slack.views('U_ONCALL').at(-1))
  expect(JSON.stringify(view)).toContain('Raise log level')
})

it('where nobody is an operator it is refused, with who can change that', async () => {
  const { message } = await asked(ASK, 'U_ONCALL', 'C_NOBODY')
  expect(now(message)).toContain('channels.C_NOBODY.roles.operator')
  expect(pods.seen.orders).toEqual([])
})

it.each([
  ['--filter "port 3000; rm -rf /"', '"rm" is not understood in a filter'],
  ['--filter "port $(id)"', 'is not a TCP port'],
  ['--filter "udp"', 'is not understood in a filter'],
  ['--filter "port 3000" --port 80', 'says what another option says too'],
  ['--filter "port"', 'ends after'],
  ['--interface wlan0', 'is no interface that is captured on'],
  ['--for 1h', 'is no time to capture for'],
])('%s: refused at once, to the one who typed it', async (flags, says) => {
  const typed = await house.slack.type(`/mesh capture pod/${name} ${flags}`, { user: 'U_ONCALL', channel: 'C_MESH' })
  await house.slack.waitFor(() => typed.ephemerals().length > 0)
  expect(shownIn(typed.ephemerals()[0]!)).toContain(says)
})
