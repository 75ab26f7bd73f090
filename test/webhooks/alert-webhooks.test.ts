import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AlertNotification } from '../../src/alerts/alert.ts'
import { listDeliveries, endDelivery } from '../../src/store/deliveries.ts'
import { StoreUnavailableError, type Records } from '../../src/store/records.ts'
import { alertWebhooks } from '../../src/webhooks/alert-webhooks.ts'
import type { WebhookSecrets } from '../../src/webhooks/authenticate.ts'
import { startHttpServer, type HttpServer } from '../../src/webhooks/http-server.ts'
import { payload } from '../alerts/payload.ts'
import { rememberingLog, type Logged } from '../slack/house.ts'
import { memoryRecords } from '../store/memory-records.ts'

const TOKEN = 'token-of-sixteen-characters'
const SECRETS = {
  token: TOKEN,
  basic: 'alertmanager:password-of-twelve',
  grafana: 'grafana-secret-of-tests',
  pagerDuty: ['pagerduty-secret-one', 'pagerduty-secret-two'],
}
let records: Records
let server: HttpServer
let logged: Logged[]
let stored: { id: string; notification: AlertNotification }[]

async function serve(secrets: WebhookSecrets = SECRETS, store: Records = memoryRecords()): Promise<void> {
  records = store
  stored = []
  const log = rememberingLog()
  logged = log.logged
  const route = alertWebhooks({
    records,
    log: log.log,
    secrets,
    hold: 10_000,
    mostBytes: 100_000,
    stored: (id, notification) => void stored.push({ id, notification }),
  })
  server = await startHttpServer(0, [route], 'nothing here')
}
beforeEach(() => serve())
afterEach(() => server.close())

const BEARER = { authorization: `Bearer ${TOKEN}` }
async function post(source: string, body: unknown, headers: Record<string, string> = BEARER, method = 'POST') {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`http://127.0.0.1:${server.port}/alerts/${source}`, {
    method,
    headers,
    ...(method === 'GET' ? {} : { body: text }),
  })
  return { status: response.status, text: await response.text(), headers: response.headers }
}
const hmac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex')
const reasons = (): unknown[] => logged.filter(({ level }) => level === 'warn').map(({ fields }) => fields.why)

it('is stored before it is answered, and handed on after', async () => {
  expect(await post('alertmanager', payload('alertmanager'))).toMatchObject({ status: 202, text: 'stored: 1 alert\n' })
  const [delivery] = await listDeliveries(records)
  expect(delivery).toMatchObject({ id: stored[0]!.id, begun: 1, content: { receiver: 'team-shop' } })
})

it('the same again is known, also after it was handled; another state is not', async () => {
  await post('alertmanager', payload('alertmanager'))
  expect(await post('alertmanager', payload('alertmanager'))).toMatchObject({ status: 200, text: 'known already\n' })
  await endDelivery(records, stored[0]!.id)
  expect(await post('alertmanager', payload('alertmanager'))).toMatchObject({ status: 200, text: 'known already\n' })
  expect(stored).toHaveLength(1)
  const resolved = payload('alertmanager')
  resolved.alerts[0].status = 'resolved'
  expect((await post('alertmanager', resolved)).status).toBe(202)
})

it('of two that arrive at once one is stored', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('alertmanager', payload('alertmanager'))))
  expect(answers.map(({ status }) => status).filter((status) => status === 202)).toHaveLength(1)
  expect(stored).toHaveLength(1)
})

it('a store that does not answer: 503, to be sent again, and never 4xx', async () => {
  await server.close()
  const away = new Proxy(memoryRecords(), {
    get: (target, name) =>
      name === 'read' || name === 'write'
        ? () => Promise.reject(new StoreUnavailableError(name))
        : (target as never as Record<string | symbol, unknown>)[name],
  })
  await serve(SECRETS, away)
  const answer = await post('alertmanager', payload('alertmanager'))
  expect(answer).toMatchObject({ status: 503 })
  expect(answer.headers.get('retry-after')).toBe('10')
  expect(stored).toEqual([])
})

describe('who may send', () => {
  it.each<[string, Record<string, string>]>([
    ['no token', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['a longer one', { authorization: `Bearer ${TOKEN}x` }],
    ['another scheme', { authorization: `Digest ${TOKEN}` }],
    ['a wrong password', { authorization: `Basic ${Buffer.from('alertmanager:wrong').toString('base64')}` }],
    ['nonsense', { authorization: 'Bearer' }],
  ])('%s: 401, logged once, nothing stored', async (_, headers) => {
    for (let again = 0; again < 3; again += 1)
      expect((await post('alertmanager', payload('alertmanager'), headers)).status).toBe(401)
    expect(reasons()).toEqual(['the token is missing or wrong'])
    expect(await listDeliveries(records)).toEqual([])
  })

  it('bearer and basic', async () => {
    expect((await post('alertmanager', payload('alertmanager'))).status).toBe(202)
    const basic = { authorization: `Basic ${Buffer.from(SECRETS.basic).toString('base64')}` }
    expect((await post('grafana', payload('grafana'), basic)).status).toBe(202)
  })

  it("PagerDuty's signature of the raw body: any of several, of any of our secrets; the bearer token alone is not enough", async () => {
    const body = `${JSON.stringify(payload('pagerduty'), null, 4)}\n`
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-30T10:00:00Z') })
    try {
      expect((await post('pagerduty', body)).status).toBe(401)
      expect((await post('pagerduty', body, { 'x-pagerduty-signature': `v1=${hmac('wrong', body)}` })).status).toBe(401)
      expect(
        (await post('pagerduty', body, { 'x-pagerduty-signature': hmac(SECRETS.pagerDuty[0]!, body) })).status,
      ).toBe(401)
      expect(
        (await post('pagerduty', `${body} `, { 'x-pagerduty-signature': `v1=${hmac(SECRETS.pagerDuty[0]!, body)}` }))
          .status,
      ).toBe(401)
      const signatures = `v1=${hmac('old', body)}, v1=${hmac(SECRETS.pagerDuty[1]!, body)}`
      expect((await post('pagerduty', body, { 'x-pagerduty-signature': signatures })).status).toBe(202)
      // Replayed: it has no second effect.
      expect(await post('pagerduty', body, { 'x-pagerduty-signature': signatures })).toMatchObject({
        status: 200,
        text: 'known already\n',
      })
    } finally {
      vi.useRealTimers()
    }
  })

  it('a replay after it is forgotten what was received changes nothing', async () => {
    const body = JSON.stringify(payload('pagerduty'))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-12-09T10:00:00Z') })
    try {
      const answer = await post('pagerduty', body, {
        'x-pagerduty-signature': `v1=${hmac(SECRETS.pagerDuty[0]!, body)}`,
      })
      expect(answer).toMatchObject({ status: 200, text: 'it is older than three days and changes nothing\n' })
    } finally {
      vi.useRealTimers()
    }
    expect(stored).toEqual([])
  })

  it("Grafana's signature, with a time that may be five minutes from ours", async () => {
    const body = JSON.stringify(payload('grafana'))
    const signed = (time: string, key = SECRETS.grafana) => ({
      'x-grafana-alerting-signature': hmac(key, `${time}:${body}`),
      'x-grafana-alerting-timestamp': time,
    })
    const now = Math.floor(Date.now() / 1000)
    expect((await post('grafana', body, signed(String(now), 'wrong-secret-of-tests'))).status).toBe(401)
    expect(await post('grafana', body, signed(String(now - 600)))).toMatchObject({
      status: 401,
      text: expect.stringContaining('more than 5 minutes from ours') as string,
    })
    expect((await post('grafana', body, signed(String(now + 600)))).status).toBe(401)
    expect((await post('grafana', body, signed('soon'))).status).toBe(401)
    expect(
      (await post('grafana', body, { ...signed(String(now)), 'x-grafana-alerting-timestamp': String(now + 1) })).status,
    ).toBe(401)
    expect((await post('grafana', body, signed(String(now - 200)))).status).toBe(202)
    expect((await post('grafana', body, { 'x-grafana-alerting-signature': hmac(SECRETS.grafana, body) })).text).toBe(
      'known already\n',
    )
  })

  it('a signature for Grafana opens no other path', async () => {
    const body = JSON.stringify(payload('alertmanager'))
    expect(
      (await post('alertmanager', body, { 'x-grafana-alerting-signature': hmac(SECRETS.grafana, body) })).status,
    ).toBe(401)
  })
})

describe('bodies', () => {
  it('another version or shape: 422 with the reason, logged once', async () => {
    for (let again = 0; again < 3; again += 1) {
      const answer = await post('alertmanager', { ...payload('alertmanager'), version: '3' })
      expect(answer).toMatchObject({
        status: 422,
        text: expect.stringContaining('only version 4 is understood') as string,
      })
    }
    expect((await post('alertmanager', { text: 'catalog is down' })).text).toContain(
      'without a `payload` template of its own',
    )
    expect(reasons()).toHaveLength(2)
  })

  it('no JSON, other bytes, nothing, compressed', async () => {
    for (const body of ['{', '', '\u0000', 'null', '[]']) expect((await post('alertmanager', body)).status).toBe(422)
    expect(logged.every(({ level }) => level === 'warn')).toBe(true)
  })

  it('too large, by its length and without one: 413', async () => {
    const large = JSON.stringify({ ...payload('alertmanager'), padding: 'x'.repeat(5 * 1024 * 1024) })
    await expect(post('alertmanager', large)).resolves.toMatchObject({ status: 413 })
    const answer = await raw(
      `POST /alerts/alertmanager HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n${'ffff\r\n' + 'x'.repeat(65_535) + '\r\n'}${'ffff\r\n' + 'x'.repeat(65_535) + '\r\n'}0\r\n\r\n`,
    )
    expect(answer).toContain('413')
  })

  it('no news: an acknowledgement, a test, a group without alerts', async () => {
    const acknowledged = payload('pagerduty')
    acknowledged.event.event_type = 'incident.acknowledged'
    const body = JSON.stringify(acknowledged)
    expect(
      await post('pagerduty', body, { 'x-pagerduty-signature': `v1=${hmac(SECRETS.pagerDuty[0]!, body)}` }),
    ).toMatchObject({ status: 200, text: 'incident.acknowledged is no news\n' })
    expect(await post('alertmanager', { ...payload('alertmanager'), alerts: [] })).toMatchObject({
      status: 200,
      text: 'no alerts\n',
    })
    expect(stored).toEqual([])
  })
})

it('other paths and methods', async () => {
  expect((await post('opsgenie', {})).status).toBe(404)
  expect((await post('alertmanager/', {})).status).toBe(404)
  expect((await post('alertmanager', '', BEARER, 'GET')).status).toBe(405)
  expect((await fetch(`http://127.0.0.1:${server.port}/elsewhere`)).status).toBe(404)
})

/** Sends bytes as they are, and gives what comes back first. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes))
    socket.once('data', (data) => {
      resolve(data.toString())
      socket.destroy()
    })
    socket.once('error', reject)
  })
}
