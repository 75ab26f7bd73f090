import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { hasKeptLogs, readKeptLogs } from '../../src/leases/kept-logs.ts'
import { updateLease } from '../../src/leases/lease-record.ts'
import type { ShownView } from '../../src/sandbox/slack/stand-in.ts'
import { mintButton } from '../../src/store/buttons.ts'
import { listRuns } from '../../src/store/runs.ts'
import { ended } from './house.ts'
import { openLeaseHouse, type LeaseHouse } from './lease-house.ts'
import { heldClients } from './slow-clients.ts'
import { shownIn } from './texts.ts'

const RAISE = '/mesh log-level catalog http:debug,misc:trace'

let house: LeaseHouse
beforeEach(async () => {
  house = await openLeaseHouse()
})
afterEach(() => house.close())

describe('a lease', () => {
  it('counts down in its message, and tells per pod at its end what became of it', async () => {
    const { run, message } = await house.asked(`${RAISE} --for 5m`)
    const { records } = house.backend
    // The clock stands still: what is left is exact.
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    await updateLease(records, run.id, (now) => ({ ...now, until: new Date(Date.now() + 150_000).toISOString() }))
    await house.sweep()
    expect(house.now(message)).toContain('3 min left')
    await updateLease(records, run.id, (now) => ({ ...now, until: new Date(Date.now() + 40_000).toISOString() }))
    await house.sweep()
    expect(house.now(message)).toContain('40 s left')
    expect(house.now(message)).toContain('[Put back now][Extend][Save log]')
    vi.useRealTimers()

    house.proxies.restart('catalog-2')
    house.proxies.at('catalog-1').levels.misc = 'info'
    house.proxies.at('catalog-1').log =
      'one\nauthorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl\ntwo\n'
    await updateLease(records, run.id, (now) => ({ ...now, until: new Date(Date.now() - 10).toISOString() }))
    await house.sweep()
    expect(house.now(message)).toMatch(
      /^🟡 Log levels were put back {2}`http:debug, misc:trace`\nthe time was over at \d\d:\d\d UTC\n/,
    )
    expect(house.now(message)).toMatch(
      /- ⚠️ `Pod shop\/catalog-1` {2}somebody else changed it in the meantime: left alone[^\n]*misc/,
    )
    expect(house.now(message)).toMatch(
      /- – `Pod shop\/catalog-2` {2}its proxy was restarted and has its own levels again: at 2026-11-24T00:05:00Z/,
    )
    expect(house.now(message)).toMatch(/\[Full report\]\[Delete\]$/)
    expect(house.proxies.at('catalog-1').levels).toMatchObject({ http: 'warning', misc: 'info' })
    const file = house.slack.files().find(({ name }) => name === `catalog-1-${run.id}.log`)!
    expect(file.bytes.toString()).toMatch(
      /^# istio-proxy of catalog-1 in shop, from .*\n# raised: http:debug, misc:trace; secrets are redacted\none\n/,
    )
    expect(file.bytes.toString()).not.toContain('eyJ')
    expect(house.slack.thread('C_MESH', message.ts).flatMap(({ files }) => files.map(({ name }) => name))).toContain(
      file.name,
    )
  })

  it("keeps its proxies' logs for Full report, names them in the audit, and lets a person delete them", async () => {
    const { run, message } = await house.asked(`${RAISE} --for 5m`)
    const { records } = house.backend
    house.proxies.at('catalog-1').log = 'one\nauthorization: Bearer abcdefghijklmnopqrstuvwxyz012345\ntwo\n'
    await updateLease(records, run.id, (now) => ({ ...now, until: new Date(Date.now() - 10).toISOString() }))
    await house.sweep()
    const noted = (await house.events(run.id)).filter(({ event }) => event === 'lease-log-kept')
    expect(noted).toMatchObject([
      { facts: { lease: run.id, logs: [{ name: `catalog-1-${run.id}.log`, isCut: false }, {}] } },
    ])
    const kept = await readKeptLogs(records, run.id)
    expect(kept.map(({ name }) => name)).toEqual([`catalog-1-${run.id}.log`, `catalog-2-${run.id}.log`])
    expect(kept[0]?.content).toContain('\ntwo\n')
    expect(kept[0]?.content).not.toContain('abcdefghijklmnopqrstuvwxyz012345')
    const before = house.slack.files().length
    const current = house.slack.message('C_MESH', message.ts)!
    await house.slack.click(current, 'Full report', { user: 'U_VISITOR', channel: 'C_MESH' })
    await house.slack.waitFor(() => house.slack.files().length === before + 4)
    expect(await house.press(message, 'Delete', 'U_VISITOR')).toContain('that requires the role operator')
    expect(await hasKeptLogs(records, run.id)).toBe(true)
    expect(await house.press(message, 'Delete', 'U_THIRD')).toContain('Deleted: mesh-medic does not keep it any more')
    expect(await hasKeptLogs(records, run.id)).toBe(false)
    expect((await house.events(run.id)).map(({ event }) => event)).toContain('answer-deleted')
  })

  it('is put back now, once, by an operator; the second press says so', async () => {
    const { run, message } = await house.asked(RAISE)
    expect(await house.press(message, 'Put back now', 'U_THIRD')).toContain(
      'Put back: the message of the lease shows what was put back, per proxy.',
    )
    expect(house.now(message)).toMatch(
      /^⚪ Log levels were put back {2}`http:debug, misc:trace`\nput back by @U_THIRD at \d\d:\d\d UTC\n/,
    )
    expect(house.now(message)).toContain('- ✓ `Pod shop/catalog-2`  put back (to http:warning, misc:error)')
    expect(house.proxies.at('catalog-1').levels).toMatchObject({ http: 'warning', misc: 'error' })
    const sets = house.proxies.sets.length
    // The button of a message that an earlier version posted.
    expect(await pressForged('give-back-lease', run.id)).toContain('It is already over: the levels are put back.')
    const again = await pressForged('put-back-lease', run.id)
    expect(again).toContain('It is already over: the levels are put back.')
    expect(await pressForged('extend-lease', run.id)).toContain('It is already over: the levels are put back.')
    expect(await pressForged('save-log', run.id)).toContain('It is over; its logs were put into its thread at the end.')
    expect(house.proxies.sets).toHaveLength(sets)
    expect((await house.events(run.id)).filter(({ event }) => event === 'lease-ended')).toMatchObject([
      { by: { user: 'U_THIRD' }, facts: { why: 'put back' } },
    ])
  })

  it('is put back once by two who press at once', async () => {
    const { run, message } = await house.asked(RAISE)
    await Promise.all([
      house.press(message, 'Put back now', 'U_THIRD'),
      house.press(message, 'Put back now', 'U_ONCALL'),
    ])
    expect(house.proxies.sets.filter((set) => set.includes('warning'))).toHaveLength(2)
    expect((await house.events(run.id)).filter(({ event }) => event === 'lease-ended')).toHaveLength(1)
  })

  it('says which proxies do not answer when it is put back, and goes on trying', async () => {
    const { message } = await house.asked(RAISE)
    house.proxies.at('catalog-2').silent = 'Error: could not reach it'
    expect(await house.press(message, 'Put back now', 'U_ONCALL')).toContain(
      '1 of 2 proxies do not answer; mesh-medic keeps trying until their levels are put back.',
    )
    expect(house.now(message)).toMatch(
      /^🔎 Log levels are being put back[\s\S]*- ✗ `Pod shop\/catalog-2` {2}not put back yet: it does not answer; mesh-medic keeps trying: Error: could not reach it/,
    )
    delete house.proxies.at('catalog-2').silent
    await house.sweep()
    expect(house.now(message)).toMatch(/^⚪ Log levels were put back[\s\S]*- ✓ `Pod shop\/catalog-2` {2}put back/)
  })

  it('is extended by an operator, to what may be raised at a time', async () => {
    const { run, message } = await house.asked(`${RAISE} --for 90s`)
    expect(house.now(message)).toContain('2 min left')
    expect(await house.press(message, 'Extend', 'U_THIRD')).toMatch(
      /Extended: 15 minutes from now, until \d\d:\d\d:\d\d UTC\./,
    )
    expect(house.now(message)).toContain('15 min left')
    expect((await house.events(run.id)).filter(({ event }) => event === 'lease-extended')).toMatchObject([
      { by: { user: 'U_THIRD' } },
    ])
  })

  it('saves its log as often as it is asked for, redacted', async () => {
    const { message } = await house.asked(`${RAISE} --pods 1`)
    house.proxies.at('catalog-1').log = 'cookie: session=abcdef0123456789\n'
    expect(await house.press(message, 'Save log', 'U_ONCALL')).toContain('Saved: 1 log is in the thread.')
    const [file] = house.slack.files()
    expect(file!.name).toMatch(/^catalog-1-[a-z0-9]+-\d{6}\.log$/)
    expect(file!.bytes.toString()).not.toContain('abcdef0123456789')
    house.proxies.at('catalog-1').silent = 'Error: could not reach it'
    expect(await house.press(message, 'Save log', 'U_ONCALL')).toMatch(
      /No log could be read: catalog-1: Error: could not reach it\.[\s\S]*Try again in a moment/,
    )
  })

  it('takes nothing from a viewer, and records that; whoever raised it may end it but not prolong it', async () => {
    const { run, message } = await house.asked(RAISE)
    for (const button of ['Put back now', 'Extend', 'Save log']) {
      expect(await house.press(message, button, 'U_VISITOR')).toMatch(
        /that requires the role operator, and you are a viewer[\s\S]*Ask an operator/,
      )
    }
    expect((await house.refusals('U_VISITOR')).map(({ run: about, facts }) => [about, facts.verb])).toEqual(
      ['put-back-lease', 'extend-lease', 'save-log'].map((verb) => [run.id, verb]),
    )
    expect((await house.lease(run.id)).state).toBe('raised')
    await updateLease(house.backend.records, run.id, (now) => ({ ...now, by: { user: 'U_VISITOR' } }))
    expect(await house.press(message, 'Extend', 'U_VISITOR')).toContain('that requires the role operator')
    expect(await house.press(message, 'Put back now', 'U_VISITOR')).toContain('Put back: ')
  })

  it('belongs to its channel', async () => {
    const { run } = await house.asked(RAISE)
    expect(
      await pressForged('put-back-lease', run.id, { channel: 'C_OTHER', home: 'C_MESH', user: 'U_OTHER' }),
    ).toContain('This button belongs to another channel')
    // Shown by /mesh leases in C_OTHER: the roles of the lease's own channel decide.
    expect(await pressForged('put-back-lease', run.id, { channel: 'C_OTHER', user: 'U_OTHER' })).toContain(
      'Those levels were raised in another channel, and you are not an operator there.',
    )
    expect((await house.lease(run.id)).state).toBe('raised')
    expect(await pressForged('put-back-lease', 'gonegonegonegonegone')).toContain('This lease is no longer known')
    expect(await pressForged('put-back-lease', run.id, { channel: 'C_OTHER', user: 'U_THIRD' })).toContain('Put back: ')
  })

  it('outlives its message', async () => {
    const { run, message } = await house.asked(RAISE)
    house.slack.deleteMessage(message)
    await updateLease(house.backend.records, run.id, (now) => ({
      ...now,
      until: new Date(Date.now() - 10).toISOString(),
    }))
    await house.sweep()
    expect((await house.lease(run.id)).state).toBe('over')
    expect(house.proxies.at('catalog-1').levels).toMatchObject({ http: 'warning', misc: 'error' })
  })
})

/** Presses a button that `/mesh leases` might have shown, or that somebody made up. */
async function pressForged(
  act: string,
  lease: string,
  { channel = 'C_MESH', home = channel, user = 'U_THIRD' }: { channel?: string; home?: string; user?: string } = {},
): Promise<string> {
  const value = await mintButton(house.backend.records, { act, payload: { channel: home, lease }, uses: 'many' })
  const button = { type: 'button', action_id: act, value, text: { type: 'plain_text', text: 'forged' } } as const
  const { ts } = await house.bot.app.client.chat.postMessage({
    channel,
    text: 'forged',
    blocks: [{ type: 'actions', elements: [button] }],
  })
  return house.press(house.slack.message(channel, ts!)!, act, user, channel)
}

describe('/mesh leases', () => {
  it('says that nothing is raised', async () => {
    expect(await house.told('/mesh leases', 'U_VISITOR')).toContain('No log levels are raised now in this channel.')
    expect(await house.told('/mesh leases now')).toContain('leases takes no arguments.')
  })

  it('shows each with its button, which works where it is shown', async () => {
    const first = await house.asked(`${RAISE} --pods 1 --for 5m`)
    await house.asked('/mesh log-level catalog router:debug --for 10m', 'U_THIRD')
    const typed = await house.slack.type('/mesh leases', { user: 'U_THIRD', channel: 'C_OTHER' })
    expect(typed.outcome).toBe('acknowledged')
    const refused = await house.slack.waitFor(() => typed.ephemerals()[0])
    expect(shownIn(refused)).toContain('You may not ask here')
    const [shown] = [await house.slack.type('/mesh leases', { user: 'U_OTHER', channel: 'C_OTHER' })]
    const elsewhere = await house.slack.waitFor(() => shown.ephemerals()[0])
    expect(shownIn(elsewhere)).toContain('No log levels are raised now in this channel.')
    const listed = await house.slack.type('/mesh leases', { user: 'U_OTHER', channel: 'C_MESH' })
    expect(shownIn(await house.slack.waitFor(() => listed.ephemerals()[0]))).toMatch(
      /^2 leases\n\n1\. `http:debug, misc:trace` on 1 proxy of `catalog`, by @U_ONCALL, until \d\d:\d\d UTC \(5 min left\)\n\n2\. `router:debug` on 2 proxies of `catalog`, by @U_THIRD[\s\S]*\n\[Put back 1\]\[Put back 2\]$/,
    )
    expect(
      await pressForged('put-back-lease', first.run.id, { channel: 'C_OTHER', home: 'C_OTHER', user: 'U_OTHER' }),
    ).toContain('Those levels were raised in another channel')
    const here = await house.slack.type('/mesh leases', { user: 'U_THIRD', channel: 'C_MESH' })
    const own = await house.slack.waitFor(() => here.ephemerals()[0])
    expect(await house.press(own, 'put-back-lease:0', 'U_THIRD')).toContain('Put back: ')
    expect(house.now(first.message)).toMatch(/^⚪ Log levels were put back[\s\S]*put back by @U_THIRD/)
    expect(await house.told('/mesh leases')).toMatch(/^1 lease\n\n`router:debug`[\s\S]*\[Put back now\]$/)
  })
})

describe('"Raise log level"', () => {
  const opened = (user: string, block: string): Promise<ShownView> =>
    house.slack.waitFor(() => house.slack.views(user).find(({ blocks }) => JSON.stringify(blocks).includes(block)))
  const click = async (user: string): Promise<void> => {
    const { message } = await house.asked('/mesh log-level catalog')
    const { outcome } = await house.slack.click(message, 'Raise log level', { user, channel: 'C_MESH' })
    expect(outcome).toBe('acknowledged')
  }

  it('offers the proxies’ own loggers, with those that fit chosen, and raises in the thread', async () => {
    await click('U_ONCALL')
    const view = await opened('U_ONCALL', 'multi_static_select')
    const json = JSON.stringify(view.blocks)
    expect(json).toContain('shop/catalog-1')
    expect(json).toContain('"value":"rbac"')
    expect(view.privateMetadata).toMatch(/^[a-z0-9]{20}$/)
    const { responseAction } = await house.slack.submitView(view, {
      proxies: ['shop/catalog-2'],
      level: 'trace',
      minutes: '1',
    })
    expect(responseAction).toBe('close')
    const raise = await ended(house, 2)
    expect(raise.request).toMatchObject({
      kind: 'raise-log-levels',
      raise: {
        levels: { http: 'trace', router: 'trace', connection: 'trace', pool: 'trace' },
        pods: ['shop/catalog-2'],
        minutes: 1,
      },
    })
    expect(house.proxies.at('catalog-2').levels).toMatchObject({
      http: 'trace',
      router: 'trace',
      connection: 'trace',
      pool: 'trace',
      misc: 'error',
    })
    expect(house.proxies.at('catalog-1').levels.http).toBe('warning')
    const [, ...thread] = house.slack.thread('C_MESH', raise.thread!).map(shownIn)
    expect(thread.join('\n')).toContain('🔎 Log levels are raised')
  })

  it('opens in time although the proxies are slow, and shows their loggers when they answer', async () => {
    let held: ReturnType<typeof heldClients> | undefined
    await house.close()
    house = await openLeaseHouse({ clients: ({ clients }) => (held = heldClients(clients)).clients })
    const asking = house.asked('/mesh log-level catalog')
    await house.slack.waitFor(() => held!.asked() > 0)
    held!.release()
    const { message } = await asking
    held!.hold()
    await house.slack.click(message, 'Raise log level', { user: 'U_ONCALL', channel: 'C_MESH' })
    const first = await opened('U_ONCALL', 'Reading the loggers of Service shop/catalog …')
    expect(first.source.submit).toBeUndefined()
    held!.release()
    await opened('U_ONCALL', 'multi_static_select')
  })

  it('says why there is nothing to choose', async () => {
    await click('U_VISITOR')
    expect(JSON.stringify((await opened('U_VISITOR', 'requires the role operator')).source)).not.toContain('submit')
    const { message } = await house.asked('/mesh log-level catalog')
    for (const name of ['catalog-1', 'catalog-2']) house.proxies.at(name).silent = 'Error: could not reach it'
    await house.slack.click(message, 'Raise log level', { user: 'U_ONCALL', channel: 'C_MESH' })
    await opened('U_ONCALL', 'The loggers of the proxies could not be read: Error: could not reach it')
  })

  it('says in the window when we fail at it', async () => {
    const { message } = await house.asked('/mesh log-level catalog')
    house.slack.fail.next('views.update', { error: 'invalid_arguments' })
    await house.slack.click(message, 'Raise log level', { user: 'U_ONCALL', channel: 'C_MESH' })
    await house.slack.waitFor(() => house.slack.ephemerals('U_ONCALL').length > 0)
    expect(shownIn(house.slack.ephemerals('U_ONCALL')[0]!)).toContain('Slack refuses this: invalid_arguments.')
    await opened('U_ONCALL', 'Slack refuses this: invalid_arguments.')
  })

  it('does not mind a person who closes it meanwhile', async () => {
    let held: ReturnType<typeof heldClients> | undefined
    await house.close()
    house = await openLeaseHouse({ clients: ({ clients }) => (held = heldClients(clients)).clients })
    held!.release()
    const { message } = await house.asked('/mesh log-level catalog')
    held!.hold()
    await house.slack.click(message, 'Raise log level', { user: 'U_ONCALL', channel: 'C_MESH' })
    await house.slack.closeView(await opened('U_ONCALL', 'Reading the loggers'))
    held!.release()
    await house.slack.waitFor(() => house.slack.calls.some(({ method }) => method === 'views.update'))
    await house.told('/mesh help')
    expect(house.slack.ephemerals('U_ONCALL')).toHaveLength(1)
    expect(house.logged.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('raises nothing when a pod that was chosen is gone by then', async () => {
    const runs = (await listRuns(house.backend.records)).length
    await click('U_ONCALL')
    const second = await opened('U_ONCALL', 'multi_static_select')
    house.proxies.proxies.delete('catalog-2')
    await house.slack.submitView(second, { proxies: ['shop/catalog-1', 'shop/catalog-2'] })
    await house.slack.waitFor(() =>
      house.slack
        .messages('C_MESH')
        .some((message) => shownIn(message).includes('No running proxy of the target is in a pod "shop/catalog-2".')),
    )
    expect((await listRuns(house.backend.records)).length).toBe(runs + 2)
    expect(house.proxies.sets).toEqual([])
  })
})
