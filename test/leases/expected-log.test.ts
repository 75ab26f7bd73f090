import { describe, expect, it } from 'vitest'
import { expectedText, linesPerRequest, withinLimit } from '../../src/leases/log-levels/expected-log.ts'
import { requestsSeen } from '../../src/leases/log-levels/requests-seen.ts'
import { UnseenError, type Clients } from '../../src/evidence/clients/clients.ts'
import { LogReader } from '../../src/timeline/log-reader.ts'
import { GATEWAY } from '../timeline/recorded.ts'

const DEBUG = { http: 'debug', router: 'debug', connection: 'debug', pool: 'debug', client: 'debug' }
const ACCESS = GATEWAY.split('\n').find((line) => line.startsWith('[2026')) ?? ''

describe('the log that raised levels add', () => {
  it('is counted by request as a recorded log has it', () => {
    let [lines, requests] = [0, 0]
    const reader = new LogReader({
      entry({ isEnvoy, raw, message }) {
        if (!isEnvoy) return
        lines += raw.split('\n').length
        if (message.startsWith('new stream')) requests += 1
      },
    })
    GATEWAY.split('\n').forEach((line, index) => reader.line(line, index))
    reader.end()
    const measured = lines / requests
    expect(linesPerRequest(DEBUG)).toBeGreaterThan(measured * 0.7)
    expect(linesPerRequest(DEBUG)).toBeLessThan(measured * 1.3)
    expect(linesPerRequest({ http: 'info' })).toBe(0)
  })

  it('is said before', () => {
    expect(expectedText(DEBUG, [{ pod: 'a', requestsPerSecond: 12.5 }, { pod: 'b' }])).toBe(
      'about 613 lines of log a second (13 requests a second, about 49 lines each), not counting 1 of 2 proxies, of which neither the access log nor Prometheus tells',
    )
    expect(expectedText(DEBUG, [{ pod: 'a' }])).toBe(
      'about 49 lines of log for each request; how many there are is not known: neither the access log nor Prometheus tells',
    )
    expect(expectedText({ http: 'warning' }, [{ pod: 'a', requestsPerSecond: 1 }])).toBeUndefined()
  })

  it('is raised on one proxy where it would be too much on all, or refused', () => {
    const busy = (requestsPerSecond: number, pod = 'a') => ({ pod, requestsPerSecond })
    expect(withinLimit(DEBUG, [busy(10), busy(20, 'b')]).proxies).toHaveLength(2)
    expect(withinLimit(DEBUG, [busy(30), busy(35, 'b'), busy(500, 'c')])).toEqual({
      proxies: [busy(35, 'b')],
      note: 'only b: all 3 would log about 27685 lines a second, more than 2000',
    })
    expect(() => withinLimit(DEBUG, [busy(500)])).toThrow(
      'That would log about 24500 lines a second (about 49 for each request)',
    )
    expect(() => withinLimit(DEBUG, [busy(30), busy(35, 'b')], true)).toThrow('at most 2000 are raised')
  })
})

describe('requests a second', () => {
  const clientsWith = (text: string): Pick<Clients, 'kubernetes' | 'now'> => ({
    kubernetes: { log: () => Promise.resolve(text) } as unknown as Clients['kubernetes'],
    now: () => new Date('2026-11-30T23:52:00Z'),
  })
  const seen = (text: string) =>
    requestsSeen({ kind: 'Pod', namespace: 'a', name: 'b' }, clientsWith(text), new AbortController().signal)

  it('are counted in the access log of a minute', async () => {
    expect(await seen(`${ACCESS}\n`.repeat(120))).toBe(2)
  })

  it('are counted in the time that the log covers, where it is cut', async () => {
    const line = (second: number): string => ACCESS.replace('23:51:30', `23:51:${second}`)
    expect(await seen(`${line(30)}\n`.repeat(2100) + `${line(40)}\n`.repeat(2100))).toBe(420)
  })

  it('are not known where none is logged', async () => {
    expect(await seen('2026-11-30T23:51:14.589693Z\tinfo\tEnvoy proxy is ready\n')).toBeUndefined()
  })
})

describe('where the access log tells nothing, Prometheus does', () => {
  const asked: string[] = []
  const clients = (value: number | Error, text = ''): Parameters<typeof requestsSeen>[1] => ({
    kubernetes: { log: () => Promise.resolve(text) } as unknown as Clients['kubernetes'],
    now: () => new Date('2026-11-30T23:52:00Z'),
    prometheus: {
      query(expression) {
        asked.push(expression)
        return value instanceof Error ? Promise.reject(value) : Promise.resolve([{ metric: {}, value }])
      },
    },
  })
  const pod = { kind: 'Pod', namespace: 'shop', name: 'catalog-1', ip: '10.0.0.7' }
  const seen = (...given: Parameters<typeof clients>) => requestsSeen(pod, clients(...given), AbortSignal.timeout(5000))

  it('counts what the proxy itself counted, whatever Prometheus calls it', async () => {
    expect(await seen(30)).toBe(30)
    expect(asked.at(-1)).toBe(
      'sum(rate(istio_requests_total{pod="catalog-1",namespace="shop"}[300s]) or rate(istio_requests_total{instance=~"10[.]0[.]0[.]7:[0-9]+"}[300s]))',
    )
    expect(withinLimit(DEBUG, [{ pod: 'a', requestsPerSecond: 30 }]).proxies).toHaveLength(1)
  })

  it('is not asked where the access log tells; knows nothing where it has nothing or does not answer', async () => {
    asked.length = 0
    expect(await seen(30, `${ACCESS}\n`)).toBeGreaterThan(0)
    expect(asked).toEqual([])
    expect(await seen(0)).toBeUndefined()
    expect(await seen(new UnseenError('unavailable', 'away'))).toBeUndefined()
  })
})
