import { describe, expect, it } from 'vitest'
import { countTraffic, failed, parseAccessLog, since } from '../../src/mesh/access-log.ts'

/** From Istio 1.17, as chapter 10 of Istio in Action is worked through. */
const TIMED_OUT =
  '[2023-03-23T03:53:08.335Z] "GET /items HTTP/1.1" 504 UT response_timeout - "-" 0 24 501 - "172.17.0.1" "curl/7.86.0" "d3bfca59-6327-9f24-a755-50d32a8782f2" "catalog.istioinaction.io" "172.17.0.17:3000" outbound|80|version-v2|catalog.istioinaction.svc.cluster.local 172.17.0.14:49258 172.17.0.14:8080 172.17.0.1:5221 - -'
/** From 1.31, the sidecar of a pod whose application does not listen. */
const REFUSED =
  '[2026-11-24T01:37:51.162Z] "GET /items HTTP/1.1" 503 URX,UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused} - "delayed_connect_error:_Connection_refused" 0 121 63 - "-" "curl/7.88.1" "7ee9d143-03bb-492d-af3c-338bfae58ff7" "wrong" "10.244.0.69:3001" inbound|3001|| - 10.244.0.69:3001 10.244.0.70:54384 outbound_.80_._.wrong.checks-lab.svc.cluster.local default'
const TLS =
  '[2026-11-24T00:47:01.786Z] "GET /items HTTP/1.1" 503 URX,UF upstream_reset_before_response_started{remote_connection_failure|TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end} - "TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end" 0 121 68 - "10.244.0.1" "-" "1b398ec1-2fca-4fb5-8751-6b7e16b9ab75" "catalog.istioinaction.io" "10.244.0.38:3000" outbound|80||catalog.istioinaction.svc.cluster.local - 10.244.0.4:8080 10.244.0.1:63913 - -'
const NO_HOST =
  '[2026-11-24T01:37:51.372Z] "GET /items HTTP/1.1" 503 UH no_healthy_upstream - "-" 0 19 0 - "-" "curl/7.88.1" "f5323a6d-311b-4fff-9405-b3a490a41b4a" "named" "-" outbound|80||named.checks-lab.svc.cluster.local - 10.96.176.205:80 10.244.0.70:39680 - default'
const TCP =
  '[2023-03-23T04:00:00.000Z] "- - -" 0 UF,URX - - "delayed_connect_error:_111" 0 0 3 - "-" "-" "-" "-" "10.0.0.9:5432" outbound|5432||db.shop.svc.cluster.local - 10.96.0.5:5432 10.0.0.7:40000 - -'
/** From 1.31, a sidecar that ordinary TLS came to. */
const NOT_TAKEN =
  '[2026-11-24T03:33:19.666Z] "- - -" 0 NR filter_chain_not_found - "-" 0 0 0 - "-" "-" "-" "-" "-" - - 10.244.0.91:3000 10.244.0.85:47192 catalog.seca.io -'
/** Before 1.9 Mixer had a field where the details are now. */
const MIXER_ERA =
  '[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 418 - "-" "-" 0 135 4 4 "-" "curl/7.73.0-DEV" "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "127.0.0.1:80" inbound|8000|| 127.0.0.1:41854 10.44.1.27:80 10.44.1.23:37652 outbound_.8000_._.httpbin.foo.svc.cluster.local default'
const JSON_LINE =
  '{"response_code_details":"via_upstream","user_agent":"curl/7.86.0","request_id":"722ef34b-553e-9b82-8a73-a716de0b14fc","response_flags":"-","upstream_cluster":"outbound|80|version-v2|catalog.istioinaction.svc.cluster.local","downstream_remote_address":"172.17.0.1:48499","connection_termination_details":null,"upstream_transport_failure_reason":null,"bytes_received":0,"duration":420,"authority":"catalog.istioinaction.io","route_name":null,"response_code":200,"x_forwarded_for":"172.17.0.1","bytes_sent":502,"start_time":"2023-03-23T04:09:46.421Z","path":"/items","upstream_service_time":"420","downstream_local_address":"172.17.0.14:8080","method":"GET","requested_server_name":null,"upstream_host":"172.17.0.17:3000","protocol":"HTTP/1.1","upstream_local_address":"172.17.0.14:52046"}'

const only = (text: string) => {
  const log = parseAccessLog(text)
  expect(log).toMatchObject({ lines: [expect.anything()], unreadable: 0 })
  return log.lines[0]!
}

describe('a line of an access log', () => {
  it('in the TEXT format, field by field', () => {
    expect(only(TIMED_OUT)).toEqual({
      at: '2023-03-23T03:53:08.335Z',
      method: 'GET',
      path: '/items',
      authority: 'catalog.istioinaction.io',
      code: 504,
      flags: ['UT'],
      details: 'response_timeout',
      duration: 501,
      received: 0,
      sent: 24,
      userAgent: 'curl/7.86.0',
      upstreamHost: '172.17.0.17:3000',
      upstreamCluster: 'outbound|80|version-v2|catalog.istioinaction.svc.cluster.local',
      requestId: 'd3bfca59-6327-9f24-a755-50d32a8782f2',
      upstreamLocal: '172.17.0.14:49258',
      downstreamLocal: '172.17.0.14:8080',
      downstreamRemote: '172.17.0.1:5221',
    })
  })
  it('of a connection that no filter chain took', () => {
    expect(only(NOT_TAKEN)).toEqual({
      at: '2026-11-24T03:33:19.666Z',
      code: 0,
      flags: ['NR'],
      details: 'filter_chain_not_found',
      duration: 0,
      received: 0,
      sent: 0,
      downstreamLocal: '10.244.0.91:3000',
      downstreamRemote: '10.244.0.85:47192',
      serverName: 'catalog.seca.io',
    })
  })
  it('with several flags and a route', () => {
    expect(only(REFUSED)).toMatchObject({
      code: 503,
      flags: ['URX', 'UF'],
      failure: 'delayed_connect_error:_Connection_refused',
      upstreamCluster: 'inbound|3001||',
      routeName: 'default',
    })
  })
  it('with a TLS error in its details', () => {
    expect(only(TLS)).toMatchObject({
      failure: 'TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end',
      upstreamHost: '10.244.0.38:3000',
    })
  })
  it('leaves out what the proxy did not say', () => {
    const line = only(NO_HOST)
    expect(line).toMatchObject({ flags: ['UH'], details: 'no_healthy_upstream', duration: 0 })
    expect(line).not.toHaveProperty('upstreamHost')
    expect(line).not.toHaveProperty('failure')
  })
  it('of a TCP connection', () => {
    const line = only(TCP)
    expect(line).toMatchObject({ code: 0, flags: ['UF', 'URX'], upstreamHost: '10.0.0.9:5432', duration: 3 })
    for (const absent of ['method', 'path', 'authority', 'requestId', 'details'])
      expect(line).not.toHaveProperty(absent)
  })
  it('from before 1.9', () => {
    const line = only(MIXER_ERA)
    expect(line).toMatchObject({
      code: 418,
      flags: [],
      path: '/status/418',
      authority: 'httpbin:8000',
      upstreamCluster: 'inbound|8000||',
      routeName: 'default',
      duration: 4,
    })
    expect(line).not.toHaveProperty('details')
  })
  it('with how long the service took, and a user agent that is made to look like more', () => {
    expect(only(MIXER_ERA)).toMatchObject({ duration: 4, service: 4, sent: 135, userAgent: 'curl/7.73.0-DEV' })
    const forged = TIMED_OUT.replace('501 -', '501 480').replace('"curl/7.86.0"', '"a" "b" 1 2 "c"')
    expect(only(forged)).toMatchObject({ code: 504, service: 480, authority: 'catalog.istioinaction.io' })
  })
  it('in JSON, nulls left out', () => {
    expect(only(JSON_LINE)).toEqual({
      at: '2023-03-23T04:09:46.421Z',
      method: 'GET',
      path: '/items',
      authority: 'catalog.istioinaction.io',
      code: 200,
      flags: [],
      details: 'via_upstream',
      duration: 420,
      service: 420,
      received: 0,
      sent: 502,
      userAgent: 'curl/7.86.0',
      upstreamHost: '172.17.0.17:3000',
      upstreamCluster: 'outbound|80|version-v2|catalog.istioinaction.svc.cluster.local',
      requestId: '722ef34b-553e-9b82-8a73-a716de0b14fc',
      upstreamLocal: '172.17.0.14:52046',
      downstreamLocal: '172.17.0.14:8080',
      downstreamRemote: '172.17.0.1:48499',
    })
  })
  it('in JSON with numbers as text, as a Telemetry format with labels has them', () => {
    expect(
      only('{"start_time":"2026-11-24T01:00:00.000Z","response_flags":"UT","response_code":"504","duration":"500"}'),
    ).toEqual({ at: '2026-11-24T01:00:00.000Z', code: 504, flags: ['UT'], duration: 500 })
  })
  it.each([
    ['a user agent', '"curl/7.86.0"', '"Mo"zi"lla" 5"'],
    ['a path', '/items ', '/items?q="a" "b" '],
  ])('with quotes in %s', (_, plain, quoted) => {
    const line = only(TIMED_OUT.replace(plain, quoted))
    expect(line).toMatchObject({
      code: 504,
      flags: ['UT'],
      requestId: 'd3bfca59-6327-9f24-a755-50d32a8782f2',
      authority: 'catalog.istioinaction.io',
    })
  })
})

describe('a log', () => {
  it("is read past the proxy's and the agent's own lines", () => {
    const others = [
      '2026-11-24T01:35:31.869917Z\tinfo\tStarting proxy agent',
      "2023-03-23T04:09:47.323847Z\tdebug\tenvoy router\t[C9446][S10916694052055293453] router decoding headers:\n':authority', 'catalog.istioinaction.io'\n':path', '/items'",
      '[2023-09-08 12:12:48.100][17][debug][router] [source/common/router/router.cc:1017] [C4][S1] upstream timeout',
      '{"level":"info","time":"2026-11-24T01:35:31Z","msg":"ready"}',
      '',
    ]
    expect(parseAccessLog([...others, TIMED_OUT, ...others, JSON_LINE].join('\n'))).toMatchObject({
      lines: [{ code: 504 }, { code: 200 }],
      unreadable: 0,
    })
  })
  it('tells how many entries it could not read', () => {
    expect(
      parseAccessLog([TIMED_OUT.slice(0, 90), '{"response_flags":"-","start_time":', TIMED_OUT].join('\n')),
    ).toMatchObject({ lines: [{ code: 504 }], unreadable: 2 })
  })
  it('is read in no time, whatever a caller sent', () => {
    const [line = ''] = TIMED_OUT.replace('curl/7.86.0', '" "'.repeat(200_000)).split('\n')
    expect(parseAccessLog(line.slice(0, -10))).toMatchObject({ lines: [{ code: 504 }], unreadable: 0 })
  })
})

describe('requests', () => {
  const lines = parseAccessLog([TIMED_OUT, TIMED_OUT, NO_HOST, JSON_LINE].join('\n')).lines
  it('are counted by answer and upstream, the most first', () => {
    expect(
      countTraffic(lines).map(({ code, flags, upstreamHost, count }) => [code, flags, upstreamHost, count]),
    ).toEqual([
      [504, ['UT'], '172.17.0.17:3000', 2],
      [503, ['UH'], undefined, 1],
      [200, [], '172.17.0.17:3000', 1],
    ])
  })
  it('after a moment are those that began later', () => {
    expect(since(lines, Date.parse('2023-03-23T04:00:00Z')).map(({ code }) => code)).toEqual([503, 200])
  })
  it.each([
    [true, 'a server error', 500, []],
    [true, 'a time-out', 504, ['UT']],
    [true, 'no route', 404, ['NR']],
    [true, 'a TCP connection that found no host', 0, ['UF', 'URX']],
    [false, 'an answer', 200, []],
    [false, "the application's own 404", 404, []],
    [false, 'a caller that hung up', 0, ['DC']],
    [false, 'a TCP connection that ended well', 0, []],
    [false, 'a refusal by policy', 403, []],
  ])('failed: %s for %s', (expected, _, code, flags) => {
    expect(failed({ at: '', code, flags })).toBe(expected)
  })
})
