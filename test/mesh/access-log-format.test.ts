import { describe, expect, it } from 'vitest'
import { parseAccessLog, type AccessLog } from '../../src/mesh/access-log.ts'
import { jsonReader, readerOf, readersIn, textReader, unreadProviders } from '../../src/mesh/access-log-format.ts'
import type { ConfigMap } from '../../src/mesh/objects.ts'

/** Istio's own format, as its documentation has it. */
const ISTIO =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n'
const LINE =
  '[2026-11-30T02:26:12.372Z] "GET /items?a=1 HTTP/1.1" 504 UT response_timeout - "-" 0 24 503 - "10.244.0.1" "curl/8 (x)" "94bf0698" "catalog.istioinaction.io" "10.244.0.198:3000" outbound|80|version-v2|catalog.istioinaction.svc.cluster.local 10.244.0.91:55 10.244.0.91:8080 10.244.0.1:42 - route'
const of = (format: string, line: string) => textReader(format)?.(line)

describe('a TEXT format', () => {
  it("Istio's own is read as without it", () => {
    expect(of(ISTIO, LINE)).toEqual(parseAccessLog(LINE).lines[0])
  })

  it.each([
    [
      '%START_TIME% | %RESPONSE_CODE% | %RESPONSE_FLAGS% | %REQ(:AUTHORITY)%',
      '2026-11-30T02:26:12.372Z | 503 | UF,URX | shop.example',
    ],
    [
      '%START_TIME(%s.%3f)% %RESPONSE_CODE% %RESPONSE_FLAGS% h=%REQ(:AUTHORITY)%',
      '1795141572.372 503 UF,URX h=shop.example',
    ],
    [
      '%START_TIME(%Y-%m-%d %H:%M:%S %z)%;%RESPONSE_CODE%;%RESPONSE_FLAGS%;%REQ(Host?:AUTHORITY)%;',
      '2026-11-20 02:26:12 +0000;503;UF,URX;shop.example;',
    ],
    [
      '100%% %START_TIME% %RESPONSE_CODE% %RESPONSE_FLAGS% %REQ(X-TEAM):10% %REQ(:AUTHORITY)%',
      '100% 2026-11-30T02:26:12.372Z 503 UF,URX a b c shop.example',
    ],
  ])('%s', (format, line) => {
    const entry = of(format, line)
    expect(entry).toMatchObject({ code: 503, flags: ['UF', 'URX'], authority: 'shop.example' })
    expect(Date.parse(entry!.at)).toBeGreaterThan(Date.parse('2026-11-01'))
  })

  it('what a caller makes to look like an entry stays in their own field', () => {
    const forged = LINE.replace(
      'curl/8 (x)',
      'x" "id" "evil.example" "1.2.3.4:1" outbound|1||evil.x.svc.cluster.local - - - - -',
    )
    expect(of(ISTIO, forged)).toMatchObject({
      authority: 'catalog.istioinaction.io',
      upstreamHost: '10.244.0.198:3000',
      code: 504,
    })
  })

  it.each([
    ['another line', 'warning envoy config gRPC stream closed'],
    ['a line cut in its middle', LINE.slice(0, 120)],
    ['no number where the code is', LINE.replace(' 504 ', ' 5o4 ')],
    ['no time', LINE.replace('2026-11-30T02:26:12.372Z', 'yesterday')],
    ['nothing', ''],
  ])('is not what is %s', (_, line) => {
    expect(of(ISTIO, line)).toBeUndefined()
  })

  it.each([
    '',
    'plain text',
    '%START_TIME%',
    '%RESPONSE_CODE% %DURATION%',
    '%START_TIME%%RESPONSE_CODE%',
    '%START_TIME% %RESPONSE_CODE',
  ])('that says too little has no reader: %j', (format) => {
    expect(textReader(format)).toBeUndefined()
  })

  it('ends soon, whatever a line is made of', () => {
    const read = textReader(ISTIO)!
    for (const piece of ['" "', '"', ' ', '- ', '[']) expect(read(piece.repeat(60_000 / piece.length))).toBeUndefined()
  })
})

describe('what is told of a line', () => {
  const told = (format: unknown, line: string): AccessLog => {
    const reader = readerOf(format)
    if (reader === undefined) throw new Error('no reader')
    return parseAccessLog(line, [reader])
  }

  it.each([
    [
      'as Apache writes it',
      '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% - - [%START_TIME(%d/%b/%Y:%H:%M:%S %z)%] "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS%',
      '10.0.0.1 - - [01/Dec/2026:10:25:32 +0000] "GET /a HTTP/1.1" 504 UT',
    ],
    [
      'with spaces',
      '%START_TIME(%Y-%m-%d %H:%M:%S)% %RESPONSE_CODE% %RESPONSE_FLAGS% %REQ(:PATH)%',
      '2026-12-01 10:25:32 504 UT /a',
    ],
    [
      'without a zone, which is UTC',
      '%START_TIME(%FT%T)%|%RESPONSE_CODE%|%RESPONSE_FLAGS%|%REQ(:PATH)%',
      '2026-12-01T10:25:32|504|UT|/a',
    ],
  ])('a time %s', (_, format, line) => {
    const { lines } = told(format, line)
    expect(lines).toMatchObject([{ at: '2026-12-01T10:25:32.000Z', code: 504, flags: ['UT'], path: '/a' }])
  })

  it("a format that shares Istio's keys is read by its own operators", () => {
    const epoch = {
      start_time: '%START_TIME(%s)%',
      response_code: '%RESPONSE_CODE%',
      response_flags: '%RESPONSE_FLAGS%',
    }
    expect(told(epoch, '{"start_time":"1796120732","response_code":504,"response_flags":"UT"}').lines).toEqual([
      { at: '2026-12-01T10:25:32.000Z', code: 504, flags: ['UT'] },
    ])
    const other = { start_time: '%START_TIME%', status: '%RESPONSE_CODE%', response_flags: '%RESPONSE_FLAGS%' }
    expect(told(other, '{"start_time":"2026-12-01T10:25:32.000Z","status":200,"response_flags":"-"}').lines).toEqual([
      { at: '2026-12-01T10:25:32.000Z', code: 200, flags: [] },
    ])
    const more = { ...epoch, start_time: '%START_TIME%', up: '%UPSTREAM_HOST%' }
    const line = '{"start_time":"2026-12-01T10:25:32.000Z","response_code":200,"response_flags":"-","up":"10.0.0.1:80"}'
    expect(told(more, line).lines).toMatchObject([{ code: 200, upstreamHost: '10.0.0.1:80' }])
  })

  it('of several formats of JSON the one that tells most counts', () => {
    const few = readerOf({ t: '%START_TIME%', c: '%RESPONSE_CODE%' })!
    const many = readerOf({ t: '%START_TIME%', c: '%RESPONSE_CODE%', f: '%RESPONSE_FLAGS%' })!
    const line = '{"t":"2026-12-01T10:25:32.000Z","c":504,"f":"UT"}'
    for (const readers of [
      [few, many],
      [many, few],
    ])
      expect(parseAccessLog(line, readers).lines).toMatchObject([{ flags: ['UT'] }])
  })

  it('text that looks like JSON is not escaped: what a caller writes stays in their own field', () => {
    const format =
      '{"start_time":"%START_TIME%","response_code":"%RESPONSE_CODE%","response_flags":"%RESPONSE_FLAGS%","user_agent":"%REQ(USER-AGENT)%"}'
    const line = (agent: string): string =>
      `{"start_time":"2026-12-01T10:25:32.000Z","response_code":"503","response_flags":"UF","user_agent":"${agent}"}`
    const forged = 'x","response_code":"200","response_flags":"-","upstream_host":"10.0.0.9:80","z":"'
    expect(told(format, line(forged)).lines).toEqual([
      { at: '2026-12-01T10:25:32.000Z', code: 503, flags: ['UF'], userAgent: forged },
    ])
  })

  it("what stands between two of the caller's own fields is not told where it may be theirs", () => {
    const format = '%START_TIME% "%REQ(USER-AGENT)%" %RESPONSE_CODE% %RESPONSE_FLAGS% "%REQ(X-TEAM)%"'
    expect(told(format, '2026-12-01T10:25:32Z "curl 8" 503 UF "a b"').lines).toMatchObject([
      { code: 503, flags: ['UF'] },
    ])
    const forged = '2026-12-01T10:25:32Z "curl" 200 - "x" 503 UF "y"'
    expect(told(format, forged)).toEqual({ lines: [], unreadable: 1, example: forged })
  })

  it('operators by their long names, and another one for the upstream', () => {
    const { lines } = told(
      '%START_TIME% %RESPONSE_CODE% "%REQUEST_HEADER(USER-AGENT)%" %REQUEST_HEADER(:PATH)% %RESPONSE_HEADER(X-ENVOY-UPSTREAM-SERVICE-TIME)% %UPSTREAM_REMOTE_ADDRESS%',
      '2026-12-01T10:25:32Z 200 "a b" /x 7 10.0.0.1:80',
    )
    expect(lines).toMatchObject([{ userAgent: 'a b', path: '/x', service: 7, upstreamHost: '10.0.0.1:80' }])
  })

  it.each([
    ['a time that is none', { t: '%START_TIME%', c: '%RESPONSE_CODE%' }, '{"t":"2026-99-99T00:00:00Z","c":200}'],
    ['a code that is none', { t: '%START_TIME%', c: '%RESPONSE_CODE%' }, '{"t":"2026-12-01T10:25:32Z","c":"1e400"}'],
    [
      "a code that is none in Istio's own",
      { t: '%START_TIME%', c: '%RESPONSE_CODE%' },
      '{"start_time":"2026-12-01T10:25:32Z","response_code":"1e400","response_flags":"-"}',
    ],
    [
      "a time that is none in Istio's own",
      { t: '%START_TIME%', c: '%RESPONSE_CODE%' },
      '{"start_time":"soon","response_code":200,"response_flags":"-"}',
    ],
  ])('%s: counted as unreadable', (_, format, line) => {
    expect(told(format, line)).toEqual({ lines: [], unreadable: 1, example: line })
  })
})

describe('a JSON format', () => {
  const read = jsonReader({
    time: '%START_TIME%',
    response: { status: '%RESPONSE_CODE%', flags: '%RESPONSE_FLAGS%', ms: '%DURATION%' },
    where: 'to %UPSTREAM_HOST%',
    host: '%REQ(:AUTHORITY)%',
    constant: 'edge',
  })!

  it('reads values by the operators that they are made of, numbers as numbers', () => {
    expect(
      read(
        '{"time":"2026-11-30T02:26:12.372Z","response":{"status":504,"flags":"UT","ms":503},"host":"shop.example","where":"to x"}',
      ),
    ).toEqual({ at: '2026-11-30T02:26:12.372Z', code: 504, flags: ['UT'], duration: 503, authority: 'shop.example' })
    expect(
      read('{"time":"2026-11-30T02:26:12.372Z","response":{"status":0,"flags":null,"ms":null},"host":"-"}'),
    ).toEqual({
      at: '2026-11-30T02:26:12.372Z',
      code: 0,
      flags: [],
    })
  })

  it.each(['{"time":"x"}', '{"level":"info","time":"2026-11-30T02:26:12Z","response":"no"', '[]', '{}'])(
    'is not %s',
    (line) => {
      expect(read(line)).toBeUndefined()
    },
  )
})

describe('a mesh configuration', () => {
  const config = (mesh: string): ConfigMap => ({ kind: 'ConfigMap', metadata: { name: 'istio' }, data: { mesh } })

  it.each([
    ['accessLogFormat', 'accessLogFormat: "%START_TIME% %RESPONSE_CODE%\\n"\n'],
    [
      'accessLogFormat of JSON',
      'accessLogFormat: \'{"t": "%START_TIME%", "c": "%RESPONSE_CODE%"}\'\naccessLogEncoding: JSON\n',
    ],
    [
      'a provider',
      'extensionProviders:\n- name: a\n  envoyFileAccessLog: {path: /dev/stdout, logFormat: {labels: {t: "%START_TIME%", c: "%RESPONSE_CODE%"}}}\n- name: b\n  envoyOtelAls: {port: 4317}\n',
    ],
  ])('names a format by its %s', (_, mesh) => {
    expect(readersIn(config(mesh))).toHaveLength(1)
  })

  it.each(['', ': no yaml [', 'accessLogFile: /dev/stdout\n', 'extensionProviders: 3\n', 'accessLogFormat: 7\n'])(
    'names none: %j',
    (mesh) => {
      expect(readersIn(config(mesh))).toEqual([])
    },
  )

  const provider = (name: string, format: string): string =>
    `- name: ${name}\n  envoyFileAccessLog: {path: /dev/stdout${format === '' ? '' : `, logFormat: {text: "${format}"}`}}\n`
  const mesh = `defaultProviders: {accessLogging: [usual]}\nextensionProviders:\n${provider('usual', '%PROTOCOL%')}${provider('named', '%REQ(:PATH)%')}${provider('unused', '%PROTOCOL%')}${provider('read', '%START_TIME% %RESPONSE_CODE%')}${provider('plain', '')}`
  it('tells the providers, of those that are used, whose lines nothing can be read by', () => {
    expect(unreadProviders(config(mesh), new Set(['named', 'read', 'plain']))).toEqual(['usual', 'named'])
    expect(unreadProviders(config('extensionProviders: 3\n'), new Set(['named']))).toEqual([])
    expect(unreadProviders(undefined, new Set(['named']))).toEqual([])
  })

  it('lines of other formats are read beside those of its own', () => {
    const readers = readersIn(config('accessLogFormat: "%START_TIME% %RESPONSE_CODE% %RESPONSE_FLAGS%\\n"\n'))
    const log = `2026-11-30T02:26:12.372Z 503 UF\n${LINE}\n2026-11-30T02:26:13.000Z\tinfo\txdsproxy\tconnected\n`
    expect(parseAccessLog(log, readers)).toMatchObject({ lines: [{ code: 503 }, { code: 504 }], unreadable: 0 })
    expect(parseAccessLog(log)).toMatchObject({ lines: [{ code: 504 }], unreadable: 0 })
  })
})
