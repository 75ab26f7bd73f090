import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Message, SlackStandIn } from '../../src/sandbox/slack/stand-in.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { auditEntries } from '../../src/store/audit.ts'
import { listDeliveries, keepDelivery } from '../../src/store/deliveries.ts'
import { listPast, listSubjects } from '../../src/store/incidents.ts'
import { parseNotification } from '../../src/alerts/parse-notification.ts'
import { payload, type GroupPayload } from '../alerts/payload.ts'
import { memoryBackend } from '../queue/memory-backend.ts'
import { recordedClients } from '../replay.ts'
import { CHANNEL, openAlertHouse, type AlertHouse } from './alert-house.ts'
import { ended } from './house.ts'
import { shownIn } from './texts.ts'

const open: AlertHouse[] = []
const houseWith = async (...given: Parameters<typeof openAlertHouse>): Promise<AlertHouse> => {
  const house = await openAlertHouse(...given)
  open.push(house)
  return house
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((house) => house.close()))
})

/** Alertmanager's payload with these alerts, each by its labels beside those of the first. */
function firing(...alerts: (Record<string, string> & { fingerprint?: string })[]): GroupPayload {
  const body = payload('alertmanager')
  const [first] = body.alerts
  body.alerts = alerts.map(({ fingerprint, ...labels }, index) => ({
    ...first,
    labels: { ...first.labels, ...labels },
    fingerprint: fingerprint ?? `f${index}`,
  })) as GroupPayload['alerts']
  return body
}
const resolved = (body: GroupPayload, endsAt = '2026-11-30T09:26:43Z'): GroupPayload => ({
  ...body,
  status: 'resolved',
  alerts: body.alerts.map((one) => ({ ...one, status: 'resolved', endsAt })) as GroupPayload['alerts'],
})
/** Messages of the channel itself. */
const roots = (slack: SlackStandIn): Message[] =>
  slack.messages(CHANNEL).filter(({ threadTs, ts }) => threadTs === undefined || threadTs === ts)
const replies = (slack: SlackStandIn, { ts }: Message): string[] => slack.thread(CHANNEL, ts).slice(1).map(shownIn)
const linesOf = (message: Message): string[] =>
  shownIn(message)
    .split('\n')
    .filter((one) => one.trim() !== '' && !one.startsWith('['))
/** Waits until the only message of the channel shows something. */
const shows = async ({ slack }: AlertHouse, what: string | RegExp): Promise<Message> => {
  const found = await slack.waitFor(() =>
    roots(slack).find((one) => (typeof what === 'string' ? shownIn(one).includes(what) : what.test(shownIn(one)))),
  )
  return found
}
const updates = ({ slack }: AlertHouse): number => slack.calls.filter(({ method }) => method === 'chat.update').length

describe('an alert', () => {
  it('is told as a diagnosis of its target, with who is hit, what changed before, owner and links, in twelve lines', async () => {
    const house = await houseWith()
    expect((await house.post('alertmanager', payload('alertmanager'))).status).toBe(202)
    expect(await ended(house)).toMatchObject({
      state: 'done',
      asker: { user: 'mesh-medic' },
      outcome: { verdict: 'ill' },
    })
    const message = await shows(house, 'Cause')
    const lines = linesOf(message)
    expect(lines.length).toBeLessThanOrEqual(12)
    expect(lines[0]).toBe('🔴 Ill  `Service istioinaction/catalog`')
    expect(lines[1]).toMatch(
      /^🔔 Firing since .+, 1 alert, last .+ · `IstioHighErrorRate` · critical · caller `istio-ingressgateway.istio-system`$/,
    )
    expect(shownIn(message)).toMatch(/Cause\n`VirtualService istioinaction\/catalog-v1-v2` routes to subsets/)
    expect(lines).toContainEqual(
      expect.stringMatching(/^Hit `istio-ingressgateway.istio-system` 10 of 10 · Owner shop$/),
    )
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^Changed before VirtualService istioinaction\/catalog-v1-v2 created by kubectl.* at .+; .+ it began /,
      ),
    )
    expect(lines.at(-1)).toMatch(
      /<https:\/\/runbooks.example.com\/istio-high-error-rate\|Runbook> · <http:\/\/prometheus.+\|Rule>/,
    )
    expect(shownIn(message)).toContain('[Propose fix][Raise log level][Diagnose again][Silence][Full report]')
    expect(shownIn(message)).toContain('begun by an alert')
    expect(await listDeliveries(house.backend.records)).toEqual([])
    const audit = (await auditEntries(house.backend.records)).map(({ entry }) => [entry.event, entry.by.user])
    expect(audit).toContainEqual(['diagnosis-asked', 'mesh-medic'])
  })

  it.each(['grafana', 'pagerduty'] as const)('of %s does the same', async (source) => {
    const now = Date.parse('2026-11-30T09:20:00Z')
    vi.useFakeTimers({ toFake: ['Date'], now, shouldAdvanceTime: true })
    try {
      const house = await houseWith()
      expect((await house.post(source, payload(source))).status).toBe(202)
      await ended(house)
      const message = await shows(house, 'MESH0101')
      expect(shownIn(message)).toContain('🔔 Firing since')
      expect(shownIn(message)).toContain(source === 'grafana' ? '|Dashboard>' : '|Incident>')
      const over = payload(source)
      if ('event' in over)
        Object.assign(over.event, { event_type: 'incident.resolved', occurred_at: '2026-11-30T09:19:00Z' })
      else Object.assign(over.alerts[0], { status: 'resolved', endsAt: '2026-11-30T09:19:00Z' })
      expect((await house.post(source, over)).status).toBe(202)
      await shows(house, '✅ Resolved')
      expect(roots(house.slack)).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('of the mended mesh: its message says that the target is healthy', async () => {
    const house = await houseWith({ clients: recordedClients('chapter-10/mended') })
    await house.post('grafana', payload('grafana'))
    await ended(house)
    const message = await shows(house, '🟢')
    expect(shownIn(message)).not.toContain('Cause')
    expect(shownIn(message)).toContain('[Diagnose again][Silence][Full report]')
  })

  it('that names no workload says what was tried and what would help', async () => {
    const house = await houseWith()
    const body = payload('alertmanager')
    body.alerts[0].labels = { alertname: 'Errors <!channel>', severity: 'page' }
    await house.post('alertmanager', body)
    const message = await shows(
      house,
      'No label names a workload. Tried: mesh_target and own mapping: none is configured; destination_*: no such label',
    )
    expect(shownIn(message)).toContain(
      'Add the label or annotation `mesh_target` to the rule, or a mapping (`alerts.mapping`).',
    )
    expect(message.text).toContain('&lt;!channel&gt;')
    expect(message.text).not.toContain('<!channel>')
    expect((await listSubjects(house.backend.records)).length).toBe(1)
  })

  it('of a target that is not there, and of one that is in several namespaces: the message says so', async () => {
    const house = await houseWith()
    await house.post('alertmanager', firing({ destination_service: 'catalgo.istioinaction.svc.cluster.local' }))
    await shows(house, /catalgo[\s\S]*catalog/)
  })

  it('of a cluster that is not looked at is told and not diagnosed', async () => {
    const house = await houseWith({
      alerts: { routing: { channels: [{ channel: CHANNEL }], cluster: 'eu', clusters: { eu: 'eu', us: 'us' } } },
    })
    await house.post('alertmanager', firing({ cluster: 'us', fingerprint: 'us' }))
    expect(shownIn(await shows(house, 'Not diagnosed: the bot looks at eu, not at us.'))).toContain('cluster `us`')
    await house.post('alertmanager', firing({ cluster: 'mars', fingerprint: 'mars' }))
    await shows(house, 'no cluster mars is configured')
  })

  it('that no channel takes is logged once', async () => {
    const house = await houseWith({ alerts: { routing: { channels: [{ channel: CHANNEL, namespaces: ['other'] }] } } })
    await house.post('alertmanager', firing({ fingerprint: 'a' }))
    await house.post('alertmanager', firing({ fingerprint: 'b' }))
    await house.slack.waitFor(() => house.logged.find(({ says }) => says === 'an alert is told nowhere'))
    await pause(100)
    expect(house.logged.filter(({ says }) => says === 'an alert is told nowhere')).toHaveLength(1)
    expect(roots(house.slack)).toEqual([])
  })
})

describe('folding', () => {
  it('any number of alerts about one thing is one message, edited; the same again is no news', async () => {
    const house = await houseWith()
    await house.post('alertmanager', firing({ fingerprint: 'a' }))
    await ended(house)
    await shows(house, 'Cause')
    await house.post(
      'alertmanager',
      firing({ fingerprint: 'a' }, { fingerprint: 'b', alertname: 'CatalogSlow' }, { fingerprint: 'c' }),
    )
    await house.post('alertmanager', { ...firing({ fingerprint: 'd' }), groupKey: 'another' })
    await shows(house, /4 alerts, last .+ · `IstioHighErrorRate`, `CatalogSlow`/)
    expect(roots(house.slack)).toHaveLength(1)
    const before = updates(house)
    for (let again = 0; again < 5; again += 1)
      expect(
        (
          await house.post(
            'alertmanager',
            firing({ fingerprint: 'a' }, { fingerprint: 'b', alertname: 'CatalogSlow' }, { fingerprint: 'c' }),
          )
        ).text,
      ).toBe('known already\n')
    await pause(500)
    expect(updates(house)).toBe(before)
    expect(roots(house.slack)).toHaveLength(1)
  })

  it('another flag, and another caller, is another incident; the same cause makes them one again', async () => {
    const house = await houseWith()
    await house.post(
      'alertmanager',
      firing({ fingerprint: 'a', response_flags: 'UH' }, { fingerprint: 'b', response_flags: 'NC' }),
    )
    await ended(house, 2)
    await shows(house, 'has the same cause as another incident, and goes on there: <')
    await shows(house, '2 alerts')
    expect(roots(house.slack)).toHaveLength(2)
  })

  it('another pod and worse are told as one reply', async () => {
    const house = await houseWith()
    const of = (fingerprint: string, pod: string, severity: string) => ({
      fingerprint,
      severity,
      destination_service: '',
      namespace: 'istioinaction',
      pod,
      source_workload: '',
      response_flags: '',
    })
    await house.post('alertmanager', firing(of('a', 'catalog-5d8f9c7b6d-x2v4k', 'warning')))
    await ended(house)
    await shows(house, 'Firing')
    await house.post(
      'alertmanager',
      firing(of('b', 'catalog-5d8f9c7b6d-bbbbb', 'warning'), of('c', 'catalog-5d8f9c7b6d-ccccc', 'critical')),
    )
    const message = await shows(house, '3 alerts')
    const told = await house.slack.waitFor(() => replies(house.slack, message).find((one) => one.includes('Worse')))
    expect(told.trim()).toBe(
      '⬆️ Worse: warning → critical\n➕ 2 more pods: `catalog-5d8f9c7b6d-bbbbb`, `catalog-5d8f9c7b6d-ccccc`',
    )
    await pause(400)
    expect(replies(house.slack, message).filter((one) => one.includes('Worse') || one.includes('pod: '))).toHaveLength(
      1,
    )
  })

  it('resolved: the same message says how long and what ended it; resolved before firing is none', async () => {
    const house = await houseWith()
    const body = firing({ fingerprint: 'a' }, { fingerprint: 'b' })
    await house.post('alertmanager', resolved(firing({ fingerprint: 'z' })))
    await house.post('alertmanager', firing({ fingerprint: 'z' }))
    await house.post('alertmanager', body)
    await ended(house)
    await shows(house, '2 alerts')
    await house.post('alertmanager', resolved(firing({ fingerprint: 'a' })))
    await shows(house, '1 of 2 alerts')
    await house.post('alertmanager', resolved(body))
    const message = await shows(house, '✅ Resolved')
    expect(shownIn(message)).toMatch(/✅ Resolved at .+ after 14 min: by itself: nothing that concerns it was changed/)
    expect(shownIn(message)).toContain('Cause')
    expect(roots(house.slack)).toHaveLength(1)
  })

  it('fires again soon: the same message, and a reply', async () => {
    const house = await houseWith()
    const soon = new Date().toISOString()
    await house.post('alertmanager', firing({ fingerprint: 'a' }))
    await ended(house)
    await house.post('alertmanager', resolved(firing({ fingerprint: 'a' }), soon))
    await shows(house, '✅ Resolved')
    const again = firing({ fingerprint: 'a' })
    again.alerts[0].startsAt = new Date(Date.parse(soon) + 1000).toISOString()
    await house.post('alertmanager', again)
    const message = await shows(house, '🔔 Firing')
    await house.slack.waitFor(() => replies(house.slack, message).find((one) => one.includes('Firing again')))
    expect(roots(house.slack)).toHaveLength(1)
  })

  it('worse with another cause: looked at again in the thread, and told', async () => {
    const [first, second] = [recordedClients('chapter-10/ill'), recordedClients('selector-matches-nothing/ill')]
    let now = first
    const clients = new Proxy(first, { get: (_, name) => Reflect.get(now, name) as unknown })
    const house = await houseWith({ clients, checks: CHECKS })
    await house.post('alertmanager', firing({ fingerprint: 'a', severity: 'warning' }))
    await ended(house)
    const message = await shows(house, 'MESH0101')
    now = second
    await house.post('alertmanager', firing({ fingerprint: 'b', severity: 'critical' }))
    await ended(house, 2)
    const told = await house.slack.waitFor(() =>
      replies(house.slack, message).find((one) => one.includes('Another cause')),
    )
    expect(told).toMatch(/🔀 Another cause: .*Service istioinaction\/catalog/)
    expect(roots(house.slack)).toHaveLength(1)
    expect(replies(house.slack, message).filter((one) => one.includes('Another cause'))).toHaveLength(1)
    // The message tells the present.
    expect(shownIn(await shows(house, 'MESH0303'))).not.toContain('MESH0101')
  })

  it('of a target that is not there yet: looked at again by itself, and the message tells what was found', async () => {
    const first = recordedClients('chapter-10/ill')
    let isThere = false
    const { kubernetes } = first
    const clients = {
      ...first,
      kubernetes: {
        ...kubernetes,
        list: async (...args: Parameters<typeof kubernetes.list>) =>
          (await kubernetes.list(...args)).filter(
            ({ metadata: { name, namespace = name } }) => isThere || namespace !== 'istioinaction',
          ),
      },
    }
    const house = await houseWith({ clients, checks: CHECKS, alerts: { lookAgain: 300 } })
    await house.post('alertmanager', firing({ fingerprint: 'a' }))
    const message = await shows(house, /There is no/)
    isThere = true
    const after = await shows(house, 'MESH0101')
    expect(after.ts).toBe(message.ts)
    expect(shownIn(after)).toContain('🔔 Firing since')
    expect(roots(house.slack)).toHaveLength(1)
    expect(replies(house.slack, message).filter((one) => one.includes('MESH0101'))).toHaveLength(1)
  })

  it('remembers it the second time', async () => {
    const house = await houseWith({ alerts: { keepOpen: 0 } })
    await house.post('alertmanager', firing({ fingerprint: 'a' }))
    await ended(house)
    await house.post('alertmanager', resolved(firing({ fingerprint: 'a' })))
    await house.slack.waitFor(async () => (await listPast(house.backend.records)).length === 1 || undefined)
    const again = firing({ fingerprint: 'a' })
    again.alerts[0].startsAt = '2026-11-30T12:00:00Z'
    await house.post('alertmanager', again)
    await ended(house, 2)
    const message = await shows(house, 'Seen before once, ')
    expect(shownIn(message)).toMatch(/Seen before once, .+, 14 min; ended by itself.*: <https?:.+\|its thread> · </)
    expect(linesOf(message).length).toBeLessThanOrEqual(12)
    expect(roots(house.slack)).toHaveLength(2)
  })
})

describe('several processes', () => {
  it('what was stored and not handled is handled by another one, once', async () => {
    const backend = memoryBackend()
    await keepDelivery(backend.records, 'delivered', parseNotification('alertmanager', payload('alertmanager')), 0)
    const houses = await Promise.all([houseWith({ backend }), houseWith({ backend })])
    const [first, second] = houses
    const message = await first.slack.waitFor(() => [...roots(first.slack), ...roots(second.slack)][0])
    expect(shownIn(message)).toContain('catalog')
    await ended(first)
    await pause(300)
    expect([...roots(first.slack), ...roots(second.slack)]).toHaveLength(1)
    expect(await listDeliveries(backend.records)).toEqual([])
  })
})

describe('silence', () => {
  it('here only: for as long as was chosen, by whom; nothing more is told, until it ends', async () => {
    const house = await houseWith()
    await house.post('alertmanager', firing({ fingerprint: 'a' }))
    await ended(house)
    const message = await shows(house, '[Silence]')
    await house.slack.click(message, 'Silence', { user: 'U_ONCALL' })
    const view = await house.slack.waitFor(() => house.slack.views('U_ONCALL')[0])
    expect(shownIn(view)).toContain('The alerts themselves go on.')
    await house.slack.submitView(view, { minutes: '120' }, { user: 'U_ONCALL' })
    await shows(house, /🔕 Silenced until .+ by @U_ONCALL \(here only\)/)
    const before = updates(house)
    await house.post('alertmanager', firing({ fingerprint: 'b', severity: 'page' }))
    await pause(600)
    expect(updates(house)).toBe(before)
    await house.post('alertmanager', resolved(firing({ fingerprint: 'a' }, { fingerprint: 'b' })))
    await shows(house, '✅ Resolved')
    const silenced = (await auditEntries(house.backend.records))
      .map(({ entry }) => entry)
      .find(({ event }) => event === 'incident-silenced')
    expect(silenced).toMatchObject({ by: { user: 'U_ONCALL' }, facts: { minutes: 120, silences: 0 } })
  })

  it('in Alertmanager: exactly the alerts of the incident, by an operator', async () => {
    const made: unknown[] = []
    const labels = { ...payload('alertmanager').alerts[0].labels }
    const alertmanager = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        response.setHeader('content-type', 'application/json')
        if (request.method === 'GET')
          response.end(
            JSON.stringify([
              { fingerprint: 'a', labels },
              { fingerprint: 'b', labels: { ...labels, response_flags: 'UF' } },
              { fingerprint: 'other', labels: { alertname: 'Other' } },
            ]),
          )
        else {
          made.push(JSON.parse(body))
          response.end(JSON.stringify({ silenceID: 'one' }))
        }
      })
    })
    await new Promise<void>((resolve) => alertmanager.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(alertmanager.address() as AddressInfo).port}`
    const { ASK_ONLY } = await import('../../src/fixes/policy.ts')
    const house = await houseWith({
      alerts: { alertmanager: url } as never,
      policy: { ...ASK_ONLY, roles: () => ({ operator: { users: ['U_ONCALL'] } }) },
    })
    await house.post('alertmanager', firing({ fingerprint: 'a' }))
    await ended(house)
    const message = await shows(house, '[Silence]')
    const refused = await house.slack.click(message, 'Silence', { user: 'U_SECOND' })
    await house.slack.waitFor(() => refused.ephemerals()[0])
    await house.slack.click(message, 'Silence', { user: 'U_ONCALL' })
    const view = await house.slack.waitFor(() => house.slack.views('U_ONCALL')[0])
    await house.slack.submitView(view, { minutes: '30' }, { user: 'U_ONCALL' })
    await shows(house, /Silenced until .+ by @U_ONCALL \(in Alertmanager\)/)
    alertmanager.closeAllConnections()
    alertmanager.close()
    expect(made).toHaveLength(1)
    expect(made[0]).toMatchObject({ createdBy: 'Slack user U_ONCALL' })
    const { matchers } = made[0] as { matchers: { name: string; value: string; isRegex: boolean }[] }
    expect(matchers).toContainEqual({ name: 'response_flags', value: 'UH', isRegex: false, isEqual: true })
  })
})

it('/mesh incidents: those that go on in this channel, with their threads', async () => {
  const house = await houseWith()
  const ask = async (channel = CHANNEL): Promise<string> => {
    const typed = await house.slack.type('/mesh incidents', { user: 'U_ONCALL', channel })
    return shownIn(await house.slack.waitFor(() => typed.ephemerals()[0]))
  }
  expect(await ask()).toContain('No incident goes on in this channel')
  await house.post('alertmanager', firing({ fingerprint: 'a' }, { fingerprint: 'b' }))
  await ended(house)
  await shows(house, 'Cause')
  const listed = await ask()
  expect(listed).toContain('1 incident goes on in this channel')
  expect(listed).toMatch(
    /- IstioHighErrorRate `catalog.istioinaction` since .+, 2 firing\. VirtualService istioinaction\/catalog-v1-v2 routes to .+ <https?:.+\|Thread>/,
  )
  await house.post('alertmanager', resolved(firing({ fingerprint: 'a' }, { fingerprint: 'b' })))
  await shows(house, '✅ Resolved')
  expect(await ask()).toContain('No incident goes on in this channel')
})

it('feedback is kept in the audit, the last press counts', async () => {
  const house = await houseWith()
  await house.post('alertmanager', firing({ fingerprint: 'a' }))
  const run = await ended(house)
  const message = await shows(house, 'Cause')
  for (const label of ['Right cause', 'Wrong cause']) {
    const pressed = await house.slack.choose(message, 'cause-feedback', label, { user: 'U_ONCALL' })
    await house.slack.waitFor(() => pressed.ephemerals()[0])
  }
  const judged = (await auditEntries(house.backend.records))
    .map(({ entry }) => entry)
    .filter(({ event }) => event === 'cause-judged')
  expect(judged.map(({ facts }) => facts.right)).toEqual([true, false])
  expect(judged[0]).toMatchObject({
    run: run.id,
    by: { user: 'U_ONCALL' },
    facts: { code: 'MESH0101', subject: 'VirtualService istioinaction/catalog-v1-v2' },
  })
})

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
