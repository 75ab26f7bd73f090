import { describe, expect, it } from 'vitest'
import { explain } from '../../src/capture/capture-report.ts'
import { CaptureReading } from '../../src/capture/read-capture.ts'
import { rawLines } from '../../src/report/timeline-lines.ts'
import { packetsOf } from '../../src/report/timeline-packets.ts'
import { timelineStory, timelineText } from '../../src/report/timeline-text.ts'
import { textLog } from '../../src/timeline/log-bytes.ts'
import { timelineOf } from '../../src/timeline/timeline.ts'
import { recordedCapture } from '../capture/recorded.ts'
import {
  asEnvoys,
  asJson,
  gateway,
  OLD_GATEWAY,
  recordedLog,
  recordedPair,
  REQUEST_ID,
  GATEWAY,
  sidecar,
  SIDECAR,
  withoutThreads,
  withShortIds,
} from './recorded.ts'

const PACKETS = [
  'In slow-pod-eth0, stream 14 is connection 87 of the gateway istio-ingressgateway-64577df8d7-smsb7 (10.244.0.4:35276 > 10.244.0.7:3000): no answer was captured, client closed first (FIN) at 526 ms.',
  'In slow-pod-lo, stream 9 is connection 35 of the sidecar catalog-v2-7b46dcd4bc-g6vkr (127.0.0.6:46352 > 10.244.0.7:3000): first byte of the answer after 863 ms, client closed first (FIN) at 525 ms.',
]

const STORY = [
  `The gateway istio-ingressgateway-64577df8d7-smsb7 took GET catalog.istioinaction.io/items at 23:51:30.429426 UTC on connection 90, stream 2823532918555626541, request id ${REQUEST_ID}.`,
  'Its route led to outbound|80|version-v2|catalog.istioinaction.svc.cluster.local; it was sent upstream on connection 87 to 10.244.0.7:3000, which was open already (1 request before it in the log).',
  'The sidecar catalog-v2-7b46dcd4bc-g6vkr took it 0.24 ms later on its connection 34 and gave it to the application 0.16 ms after that, on connection 35.',
  "503.2 ms after the request was sent, without an answer, the route's timeout of 500 ms fired.",
  'The gateway closed connection 87 and answered 504 itself (response_timeout).',
  '503.3 ms after the sidecar catalog-v2-7b46dcd4bc-g6vkr had taken it, its caller went away; the application had had the request for 503.1 ms and not answered. Its access log says 0 DC downstream_remote_disconnect.',
]

describe('one request through the gateway and the sidecar of a slow pod', () => {
  it('tells what happened in each', async () => {
    const found = await timelineOf([gateway(), sidecar()], {})
    expect(timelineStory(found)).toEqual(STORY)
    expect(found.by).toEqual(['request id and address'])
    expect(found.matching).toEqual({ count: 1, of: 'access log', what: 'failed request' })
    expect(found.unjoined).toEqual([])
  })

  it('tells the same whichever log is given first, and by id, status or path', async () => {
    const asked = [{}, { requestId: REQUEST_ID }, { status: 504 }, { path: '/items' }, { path: '/items', status: 504 }]
    for (const one of asked) {
      expect(timelineStory(await timelineOf([gateway(), sidecar()], one))).toEqual(STORY)
    }
    const turned = await timelineOf([sidecar(), gateway()], {})
    expect(turned.legs.map(({ id }) => id.connection)).toEqual(['90', '34'])
    expect(timelineStory(turned)).toEqual(STORY)
  })

  it.each([
    ['JSON', asJson],
    ["Envoy's own form", asEnvoys],
    ['short ids', withShortIds],
    ['CRLF', (log: string) => log.replaceAll('\n', '\r\n')],
    ['no thread, where one connection only can be meant', withoutThreads],
    [
      'the time and the pod that kubectl puts before each line',
      (log: string) => log.replace(/^/gm, '[pod/a-1/istio-proxy] 2026-11-30T23:51:30.429426123Z '),
    ],
  ])('reads %s', async (_, written) => {
    const found = await timelineOf([gateway(written(GATEWAY)), sidecar(written(SIDECAR))], { requestId: REQUEST_ID })
    expect(timelineStory(found)).toEqual(STORY)
  })

  it('counts lines that belong to nobody', async () => {
    const [lead, peer] = (await timelineOf([gateway(), sidecar()], {})).legs
    expect([lead?.unattributed, lead?.unreadable, peer?.unattributed]).toEqual([6, 0, 0])
    const noise = GATEWAY.replace(/^(.*upstream timeout.*)$/m, '$1\nwhat is this\nand that')
    const [noisy] = (await timelineOf([gateway(noise)], {})).legs
    expect([noisy?.unattributed, noisy?.unreadable]).toEqual([6, 2])
  })

  it('reads headers between which the access log and the agent write', async () => {
    const access = GATEWAY.split('\n').find((line) => line.startsWith('[2026'))
    const agent = '2026-11-30T23:51:30.429500Z\tinfo\tcache\treturned workload trust anchor from cache\tttl=23h'
    const torn = GATEWAY.replaceAll("':method', 'GET'", `':method', 'GET'\n${access ?? ''}\n${agent}`)
    const [lead] = (await timelineOf([gateway(torn)], { requestId: REQUEST_ID })).legs
    expect(lead?.request).toEqual({
      method: 'GET',
      path: '/items',
      authority: 'catalog.istioinaction.io',
      id: REQUEST_ID,
    })
    expect(lead?.allowed).toBe(500)
  })

  it('is read in pieces of any size', async () => {
    const bytes = Buffer.from(GATEWAY)
    const inPieces = {
      ...gateway(),
      read: (target: Uint8Array, from: number) =>
        Promise.resolve(bytes.copy(target, 0, from, Math.min(from + 97, from + target.length))),
    }
    expect(timelineStory(await timelineOf([inPieces, sidecar()], {}))).toEqual(STORY)
  })
})

describe('other ways a request ends', () => {
  const told = async (name: string, status: number): Promise<string[]> => {
    const found = await timelineOf(recordedPair(name), { status })
    expect(found.by).toEqual(['request id and connection'])
    expect(found.legs.map(({ unattributed, unreadable }) => [unattributed, unreadable])).toEqual([
      [0, 0],
      [0, 0],
    ])
    return timelineStory(found).slice(2)
  }

  it('refused by an authorization policy: what the filter said, which names no connection', async () => {
    expect(await told('authorization-denied', 403)).toEqual([
      'The sidecar sidecar took it 0.19 ms later on its connection 20.',
      'A filter of the sidecar sidecar refused it: enforced denied, matched policy none.',
      'The sidecar answered 403 itself (rbac_access_denied_matched_policy[none]).',
      '0.77 ms after the request was sent, the sidecar answered; 403 was passed on.',
    ])
  })

  it('nothing listens: each try has its connection', async () => {
    expect(await told('wrong-target-port', 503)).toEqual([
      'The sidecar sidecar took it 0.31 ms later on its connection 17.',
      'The sidecar tried 3 times.',
      'No connection to the application (10.244.0.76:8080) could be made: delayed connect error: Connection refused.',
      'The sidecar answered 503 itself (upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}).',
      '29.4 ms after the request was sent, the sidecar answered; 503 was passed on.',
    ])
    const [, sidecarLeg] = (await timelineOf(recordedPair('wrong-target-port'), { status: 503 })).legs
    expect(sidecarLeg?.attempts.map(({ connection }) => connection)).toEqual(['24', '25', '26'])
  })

  it('the application closes a kept connection as a request is sent on it', async () => {
    expect(await told('keep-alive-race', 503)).toEqual([
      'The sidecar sidecar took it 0.27 ms later on its connection 16 and gave it to the application 0.28 ms after that, on connection 21.',
      '5.3 ms after the request was sent, the application closed connection 21 without an answer (connection termination).',
      'The sidecar answered 503 itself (upstream_reset_before_response_started{connection_termination}).',
      '7.2 ms after the request was sent, the sidecar answered; 503 was passed on.',
    ])
  })

  it('leaves a line of a filter to nobody where threads are not told', async () => {
    const [log, peer] = recordedPair('authorization-denied')
    const text = Buffer.alloc(peer!.size)
    await peer!.read(text, 0)
    const found = await timelineOf([log!, textLog('sidecar', withoutThreads(text.toString()))], { status: 403 })
    expect(found.legs[1]?.denied).toBeUndefined()
    expect(found.legs[1]?.unattributed).toBeGreaterThan(0)
  })
})

describe('what is not known', () => {
  it('names two connections where either may have been given', async () => {
    const other =
      '2026-11-30T23:51:30.429508Z\tdebug\tenvoy pool source/common/conn_pool/conn_pool_base.cc:319\t[Tags: "ConnectionId":"6"] creating stream'
    const log = withoutThreads(GATEWAY)
      .replace(/^(.*"87"\] creating stream)$/m, `$1\n${other}`)
      .replace(/^.*Attached upstream connection.*\n/gm, '')
    // The excerpt has two streams on connection 87; the second is the request's.
    const both = log.replace(/("87"\] using existing fully connected connection\n.*creating stream)$/m, `$1\n${other}`)
    const [lead] = (await timelineOf([gateway(both)], { requestId: REQUEST_ID })).legs
    expect(lead?.attempts[0]?.connection).toBeUndefined()
    expect(lead?.attempts[0]?.candidates?.toSorted()).toEqual(['6', '87'])
    expect(timelineStory(await timelineOf([gateway(both)], { requestId: REQUEST_ID })).join(' ')).toContain(
      'the log does not tell which',
    )
  })

  it('joins none of two streams of the peer with its id that could both be it', async () => {
    const twice =
      SIDECAR.replace(/^\[2026.*\n/gm, '') +
      SIDECAR.replace(/^\[2026.*\n/gm, '')
        .replaceAll('11371707261036935754', '11371707261036935755')
        .replaceAll('"34"', '"134"')
    const found = await timelineOf([gateway(), sidecar(twice)], {})
    expect(found.legs).toHaveLength(1)
    expect(found.unjoined).toEqual([
      '2 streams of the peer have its request id, and nothing tells which is this one: connection 34, stream 11371707261036935754 of sidecar; connection 134, stream 11371707261036935755 of sidecar.',
    ])
  })

  it('does not join a stream with its id that another pod had', async () => {
    const elsewhere = SIDECAR.replaceAll('10.244.0.7:3000', '10.244.0.5:3000')
    const found = await timelineOf([gateway(), sidecar(elsewhere)], {})
    expect(found.legs).toHaveLength(1)
    expect(found.unjoined.join()).toContain("another connection than this proxy's")
  })

  it('says that clocks differ where a peer has a request before it was sent', async () => {
    const early = SIDECAR.replaceAll('23:51:30.4', '23:51:30.3')
    expect(timelineStory(await timelineOf([gateway(), sidecar(early)], {})).at(-1)).toBe(
      'By its own clock the sidecar catalog-v2-7b46dcd4bc-g6vkr had the request 99.8 ms before it was sent: the clocks differ, and times between the two are off by that much at least.',
    )
  })
})

describe('logs without what is asked for', () => {
  const why = async (log: string, asked = {}) =>
    timelineOf([textLog('x', log)], asked).then(
      () => 'found',
      (error: unknown) => (error as Error).message,
    )

  it('says so', async () => {
    expect(await why('')).toBe('x is empty.')
    expect(await why('<html>\nnothing\n')).toContain('no line of a form that is known')
    expect(await why(GATEWAY, { requestId: 'a' })).toBe('There is no request with the id a in x.')
    expect(await why(GATEWAY, { path: '/other' })).toBe('There is no failed request for /other in x.')
  })

  it('finds nothing failed where all were answered', async () => {
    const well = SIDECAR.slice(0, SIDECAR.indexOf('11371707261036935754') - 200)
    expect(await why(well)).toBe('There is no failed request in x.')
    const found = await timelineOf([sidecar(well)], { status: 200 })
    expect(timelineStory(found)).toEqual([
      'The sidecar catalog-v2-7b46dcd4bc-g6vkr took GET catalog.istioinaction.io/items at 23:51:30.408196 UTC on connection 34, stream 2802069614367241241, request id 861199ee-03f7-458f-96de-88f67f9e64eb.',
      'Its route led to inbound|3000||; it was sent upstream on connection 35 to 10.244.0.7:3000, which was made for it in 0.16 ms.',
      '0.22 ms after the request was sent, the application answered; 200 was passed on.',
    ])
  })

  it('says what to raise where only the access log has it', async () => {
    const access = GATEWAY.split('\n')
      .filter((line) => line.startsWith('[2026'))
      .join('\n')
    expect(await why(access)).toContain('in its access log (GET /items: 504 UT')
    expect(await why(access)).toContain('but no debug lines of it')
  })
})

describe("the gateway's log of Istio 1.16", () => {
  it('tells the chapter’s 504', async () => {
    const found = await timelineOf([textLog('ingress', OLD_GATEWAY)], {})
    expect(timelineStory(found)).toEqual([
      'ingress took GET catalog.istioinaction.io/items at 04:09:47.323754 UTC on connection 9446, stream 10916694052055293453.',
      'Its route led to outbound|80|version-v2|catalog.istioinaction.svc.cluster.local; it was sent upstream on connection 9386, which was open already.',
      "500.8 ms after the request was sent, without an answer, the route's timeout of 500 ms fired.",
      'ingress closed connection 9386 and answered 504 itself (response_timeout).',
    ])
    expect(found.matching).toEqual({ count: 1, of: 'debug log', what: 'failed request' })
    expect(timelineText(found)).toContain("500.901  ingress             9446        the route's timeout fired")
  })
})

describe('recorded on Istio 1.31: retries, streams of one connection, a token', () => {
  it('joins the peer of each try, and says what came of the first', async () => {
    const logs = [recordedLog('retry-gateway'), recordedLog('retry-sidecar-1'), recordedLog('retry-sidecar-2')]
    const found = await timelineOf(logs, { requestId: '525284f7-d8fa-45fe-b2d2-9d8c4024a635' })
    expect(found.legs.map(({ log }) => log)).toEqual(['retry-gateway', 'retry-sidecar-2'])
    expect(found.tries?.map(({ attempt, leg }) => [attempt, leg.log, leg.access?.flags])).toEqual([
      [0, 'retry-sidecar-1', ['DC']],
    ])
    expect(found.unjoined).toEqual([])
    const story = timelineStory(found)
    expect(story[2]).toBe(
      'It was tried 2 times: try 1 reached retry-sidecar-1 on its connection 30, which had not answered when it was given up after 252.9 ms.',
    )
    expect(story.join('\n')).not.toMatch(/(?:^|\s)-\d/m)
    expect(timelineText(found)).toContain('sent upstream on connection 12825 to 10.244.0.158:3000')
    expect(rawLines(found)).toContain('# retry-sidecar-1: connection 30')
  })

  it('joins no try where two streams of its peer could be it', async () => {
    const twice = recordedLog('retry-sidecar-1')
    const found = await timelineOf(
      [recordedLog('retry-gateway'), twice, { ...recordedLog('retry-sidecar-1'), name: 'the same again' }],
      { requestId: '525284f7-d8fa-45fe-b2d2-9d8c4024a635' },
    )
    expect(found.tries).toBeUndefined()
  })

  it.each([
    ['a', '1', '13069'],
    ['b', '2', '13069'],
    ['c', '3', '13069'],
    ['d', '4', '13069'],
  ])('tells stream /%s of one HTTP/2 connection from the others', async (path, id, connection) => {
    const found = await timelineOf([recordedLog('http2-streams-gateway')], {
      requestId: `00000000-0000-4000-8000-00000000000${id}`,
    })
    const [leg] = found.legs
    expect([leg?.id.connection, leg?.request.path, leg?.answer?.status]).toEqual([connection, `/${path}`, 404])
    expect(leg?.noRoute?.says).toBe(`no route match for URL '/${path}'`)
    expect(rawLines(found).match(/no route match for URL/g)).toHaveLength(1)
  })

  it('names why a token was refused', async () => {
    const found = await timelineOf(recordedPair('jwt-denied'), { status: 401 })
    expect(timelineStory(found).join('\n')).toContain(
      'refused it: Jwt authentication completed with: Jwt issuer is not configured.',
    )
    expect(found.by).toHaveLength(1)
  })
})

describe('packets that were captured meanwhile', () => {
  const streams = (name: 'slow-pod-lo' | 'slow-pod-eth0') => {
    const reading = new CaptureReading()
    reading.push(recordedCapture(name))
    return { name, streams: explain(reading.end()).streams }
  }

  it('are joined by the four-tuple: the application answered after the proxy had closed', async () => {
    const found = await timelineOf([gateway(), sidecar()], {})
    expect(packetsOf(found, [streams('slow-pod-lo'), streams('slow-pod-eth0')])).toEqual(PACKETS)
  })

  it('are not, where the ports or the time are of another connection', async () => {
    const found = await timelineOf([gateway(), sidecar()], {})
    const lo = streams('slow-pod-lo')
    const later = lo.streams.map((one) => ({ ...one, begins: '2026-12-01T00:00:00.000Z' }))
    const elsewhere = lo.streams.map((one) => ({ ...one, client: { ...one.client, port: 1 } }))
    expect(packetsOf(found, [{ name: 'later', streams: later }])).toEqual([])
    expect(packetsOf(found, [{ name: 'elsewhere', streams: elsewhere }])).toEqual([])
    expect(packetsOf(found, [{ name: 'twice', streams: [...lo.streams, ...lo.streams] }])[0]).toContain(
      '2 streams have the ports',
    )
  })
})
