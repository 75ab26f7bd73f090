import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LeaseRefusedError } from '../../src/leases/lease-refused.ts'
import { parseLevels, requireLoggers, unknownLoggers } from '../../src/leases/log-levels/levels.ts'
import { loggersFor } from '../../src/leases/log-levels/loggers-for.ts'
import { minutesText, parseMinutes } from '../../src/leases/minutes.ts'
import { startingLevels } from '../../src/leases/log-levels/starting-levels.ts'
import { parseLogLevels } from '../../src/evidence/collectors/log-levels.ts'

const RECORDED = readFileSync(join(import.meta.dirname, 'proxy-config-log.txt'), 'utf8')

const refusal = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof LeaseRefusedError) return [error.message, ...error.remedies].join(' ')
    throw error
  }
  return 'not refused'
}

describe('the levels that istioctl prints', () => {
  it('are read, of every logger', () => {
    const levels = parseLogLevels(RECORDED)
    expect(Object.keys(levels)).toHaveLength(73)
    expect(levels).toMatchObject({
      a2a: 'warning',
      http: 'warning',
      misc: 'error',
      quic_stream: 'warning',
      ip_tagging: 'warning',
    })
  })

  it.each([
    '',
    'Error: unrecognized logger name: htp\n',
    'client.seca:\nactive loggers:\n',
    'NAME CLUSTER\nhttp: debug\n',
  ])('are not read out of %j', (text) => {
    expect(() => parseLogLevels(text)).toThrow(expect.objectContaining({ reason: 'unparsable' }) as Error)
  })
})

describe('levels as people type them', () => {
  it.each([
    ['http:debug', { http: 'debug' }],
    ['http:debug,router:trace', { http: 'debug', router: 'trace' }],
    ['HTTP=Debug, router:warn', { http: 'debug', router: 'warning' }],
    ['http:debug router:off', { http: 'debug', router: 'off' }],
    ['http:debug,http:debug', { http: 'debug' }],
    ['quic_stream:critical', { quic_stream: 'critical' }],
  ])('%s', (text, levels) => {
    expect(parseLevels(text)).toEqual(levels)
  })

  it.each([
    ['', 'No logger and level was given'],
    [' , ', 'No logger and level was given'],
    ['debug', '"debug" names no logger: every logger of a busy proxy at debug would hide'],
    ['warn', 'at warning'],
    ['http', '"http" has no level. For example http:debug.'],
    ['http:debgu', 'no log level "debgu". Nearest: debug. Levels: trace, debug, info, warning, error, critical, off.'],
    ['http:verbose', 'no log level "verbose". Levels:'],
    ['http:none', 'no log level "none"'],
    ['http:', 'no log level ""'],
    [':debug', '"" is not the name of a logger'],
    ['http:debug:trace', 'no log level "debug:trace"'],
    ['http:debug,http:trace', 'http is given twice: debug and trace'],
    ['--level:debug', '"--level" is not the name'],
    ['$(reboot):debug', 'is not the name'],
    ['http;rm:debug', 'is not the name'],
  ])('%j is refused', (text, why) => {
    expect(refusal(() => parseLevels(text))).toContain(why)
  })

  it('do not name a property of every object', () => {
    expect(unknownLoggers({ constructor: 'debug' }, { http: 'warning' })).toBe('the proxy has no logger "constructor"')
  })
})

describe('loggers', () => {
  it('that the proxy does not have are named with the nearest', () => {
    const has = parseLogLevels(RECORDED)
    expect(unknownLoggers({ http: 'debug', router: 'debug' }, has)).toBeUndefined()
    expect(unknownLoggers({ htp: 'debug', conection: 'debug' }, has)).toBe(
      'the proxy has no logger "htp" (nearest: http, hc, http2), "conection" (nearest: connection)',
    )
  })

  it('that no proxy has are refused; those that one has, or that could not be read, are not', () => {
    expect(
      refusal(() => {
        requireLoggers({ htp: 'debug' }, [{ http: 'warning' }, { http: 'warning' }])
      }),
    ).toBe('The proxy has no logger "htp" (nearest: http). Ask without levels to see all that it has.')
    expect(
      refusal(() => {
        requireLoggers({ htp: 'debug' }, [{ http: 'warning' }, { htp: 'warning' }])
      }),
    ).toBe('not refused')
    expect(
      refusal(() => {
        requireLoggers({ htp: 'debug' }, [{ http: 'warning' }, undefined])
      }),
    ).toBe('not refused')
    expect(
      refusal(() => {
        requireLoggers({ http: 'debug' }, [{ http: 'warning' }])
      }),
    ).toBe('not refused')
  })

  it('fit a finding, as far as the proxy has them', () => {
    const has = parseLogLevels(RECORDED)
    expect(loggersFor('MESH0101', has)).toEqual(['http', 'router', 'rds', 'config', 'upstream'])
    expect(loggersFor('MESH0501', has)).toEqual(['connection', 'filter', 'conn_handler', 'pool', 'upstream'])
    expect(loggersFor('MESH0502', has)).toContain('rbac')
    expect(loggersFor('MESH0503', has)).toEqual(['rbac', 'ext_authz', 'http', 'router', 'filter'])
    expect(loggersFor('MESH0510', has)).toEqual(['jwt', 'http', 'router', 'filter'])
    expect(loggersFor('MESH0433', has)).toEqual(['http', 'router', 'connection', 'pool', 'client', 'upstream'])
    expect(loggersFor(undefined, has)).toEqual(['http', 'router', 'connection', 'pool', 'client'])
    expect(loggersFor('MESH9999', has)).toEqual(['http', 'router', 'connection', 'pool', 'client'])
    expect(loggersFor('MESH0101', { http: 'warning' })).toEqual(['http'])
  })

  it('are all loggers of a real proxy, whatever the finding', () => {
    const has = parseLogLevels(RECORDED)
    const wanted = [
      'MESH0101',
      'MESH0201',
      'MESH0203',
      'MESH0301',
      'MESH0401',
      'MESH0406',
      'MESH0409',
      'MESH0501',
      'MESH0503',
      'MESH0504',
      'MESH0510',
      'MESH0531',
      'MESH0502',
      'MESH0601',
      'MESH0701',
      'MESH0901',
    ]
    const everything = new Proxy(
      {},
      { getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: '' }) },
    )
    for (const code of wanted) expect(loggersFor(code, has)).toEqual(loggersFor(code, everything))
  })
})

describe('the levels that a proxy was started with', () => {
  const started = (...args: string[]): string[] => {
    const proxy = { name: 'istio-proxy', args }
    const level = startingLevels({
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'catalog' }, proxy] },
    })
    return ['http', 'misc', 'router'].map(level)
  }
  it.each([
    [
      [
        'proxy',
        'sidecar',
        '--proxyLogLevel=warning',
        '--proxyComponentLogLevel=misc:error',
        '--log_output_level=default:info',
      ],
      ['warning', 'error', 'warning'],
    ],
    [
      ['--proxyLogLevel=info', '--proxyComponentLogLevel=misc:error,http:debug'],
      ['debug', 'error', 'info'],
    ],
    [
      ['--proxyLogLevel', 'debug', '--proxyComponentLogLevel', 'router:warn'],
      ['debug', 'error', 'warning'],
    ],
    [['--proxyLogLevel=debug,misc:info'], ['debug', 'info', 'debug']],
    [[], ['warning', 'error', 'warning']],
  ])('%j', (args, levels) => {
    expect(started(...args)).toEqual(levels)
  })

  it('are found where the proxy is a native sidecar, and usual where it is none of ours', () => {
    const proxy = { name: 'istio-proxy', args: ['--proxyLogLevel=info'] }
    expect(
      startingLevels({
        kind: 'Pod',
        metadata: { name: 'a' },
        spec: { containers: [{ name: 'catalog' }], initContainers: [proxy] },
      })('http'),
    ).toBe('info')
    expect(startingLevels({ kind: 'Pod', metadata: { name: 'a' } })('http')).toBe('warning')
  })
})

describe('times as people type them', () => {
  it.each([
    ['10m', 10],
    ['10', 10],
    ['90s', 1.5],
    ['1h', 60],
    ['5 min', 5],
    ['2 minutes', 2],
    ['0.5m', 0.5],
    ['30sec', 0.5],
  ])('%s is %d minutes', (text, minutes) => {
    expect(parseMinutes(text)).toBe(minutes)
  })

  it.each(['', '0', '0m', '-5m', '10x', 'soon', '10m10s', 'NaN', '1e3', '99999999'])('%j is none', (text) => {
    expect(refusal(() => parseMinutes(text))).toContain('is not a time')
  })

  it.each([
    [1, '1 minute'],
    [15, '15 minutes'],
    [1.5, '90 seconds'],
    [0.5, '30 seconds'],
  ])('%d minutes read %s', (minutes, text) => {
    expect(minutesText(minutes)).toBe(text)
  })
})
