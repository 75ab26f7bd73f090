import { describe, expect, it } from 'vitest'
import { parseAccessLog } from '../../src/mesh/access-log.ts'
import { filterLogs } from '../../src/mesh/access-log-filters.ts'
import type { EnvoyFilter } from '../../src/mesh/objects.ts'

const FILE = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog'
const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'

/** An EnvoyFilter that merges access logs into the HTTP connection manager, as Istio's documentation of EnvoyFilter has it. */
const setting = (...logs: unknown[]): EnvoyFilter => ({
  kind: 'EnvoyFilter',
  metadata: { namespace: 'istio-system', name: 'access-log' },
  spec: {
    configPatches: [
      {
        applyTo: 'NETWORK_FILTER',
        patch: { operation: 'MERGE', value: { typed_config: { '@type': HCM, access_log: logs } } },
      },
    ],
  },
})
const file = (format: object): unknown => ({
  name: 'envoy.access_loggers.file',
  typed_config: { '@type': FILE, path: '/dev/stdout', ...format },
})
const TEXT =
  '%START_TIME% %REQ(:METHOD)% %REQ(:PATH)% -> %RESPONSE_CODE% %RESPONSE_FLAGS% %DURATION%/%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%\n'
const LINE = '2026-11-30T12:00:00.123Z GET /items -> 504 UT 501/480'
const READ = {
  at: '2026-11-30T12:00:00.123Z',
  method: 'GET',
  path: '/items',
  code: 504,
  flags: ['UT'],
  duration: 501,
  service: 480,
}

describe('an access log that an EnvoyFilter sets', () => {
  it.each([
    ['text_format', { log_format: { text_format: TEXT } }],
    ['text_format_source', { log_format: { text_format_source: { inline_string: TEXT } } }],
    ['logFormat of protobuf', { logFormat: { textFormatSource: { inlineString: TEXT } } }],
    ['format, before Envoy 1.18', { format: TEXT }],
  ])('is read by its %s', (_, format) => {
    const readers = filterLogs(setting(file(format))).flatMap(({ reader }) => reader ?? [])
    expect(parseAccessLog(LINE, readers).lines).toEqual([READ])
  })

  it('is read by its json_format, whatever its keys', () => {
    const json = { when: '%START_TIME%', status: '%RESPONSE_CODE%', why: '%RESPONSE_FLAGS%' }
    const readers = filterLogs(setting(file({ log_format: { json_format: json } }))).flatMap(
      ({ reader }) => reader ?? [],
    )
    expect(parseAccessLog(JSON.stringify({ when: READ.at, status: 504, why: 'UT' }), readers).lines).toEqual([
      { at: READ.at, code: 504, flags: ['UT'] },
    ])
  })

  it("is read in Envoy's own format where it names none", () => {
    const readers = filterLogs(setting(file({}))).flatMap(({ reader }) => reader ?? [])
    const line =
      '[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "10.0.2.1:80"'
    expect(parseAccessLog(line, readers)).toMatchObject({
      lines: [
        {
          method: 'POST',
          path: '/api/v1/locations',
          code: 204,
          duration: 226,
          service: 100,
          upstreamHost: '10.0.2.1:80',
        },
      ],
      unreadable: 0,
    })
  })

  it('is known to be not read where its format says neither when nor what was answered', () => {
    const format = { log_format: { text_format: '%REQ(:PATH)% %DURATION%' } }
    expect(filterLogs(setting(file(format)))).toEqual([{}])
  })

  it('is none of a proxy’s own log where it goes elsewhere', () => {
    expect(
      filterLogs(
        setting(
          { name: 'als', typed_config: { '@type': 'HttpGrpcAccessLogConfig' } },
          { name: 'f', typed_config: { '@type': FILE, path: '/var/log/x' } },
        ),
      ),
    ).toEqual([])
    expect(filterLogs({ kind: 'EnvoyFilter', metadata: { name: 'x' } })).toEqual([])
  })
})
