import { expect, it } from 'vitest'
import { explain, type CaptureReport } from '../../src/capture/capture-report.ts'
import { nothingIn } from '../../src/capture/nothing-in.ts'
import { CaptureReading } from '../../src/capture/read-capture.ts'
import { UserError } from '../../src/mesh/user-error.ts'
import { captureText } from '../../src/report/capture-text.ts'
import { frames, joined, pcap, pcapng, pcapOf, type FileOptions, type Link, type Sent } from './packets.ts'
import { recordedCapture } from './recorded.ts'
import { Talk } from './talk.ts'

const GET = 'GET /items?token=secret HTTP/1.1\r\nhost: catalog\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]'

function report(file: Uint8Array): CaptureReport {
  const reading = new CaptureReading()
  reading.push(file)
  return explain(reading.end())
}
const told = (sent: readonly Sent[], options?: FileOptions): string[] =>
  report(pcap(sent, options)).stories.map(({ says }) => says)
const checks = (sent: readonly Sent[]): string[] => report(pcap(sent)).findings.map(({ check }) => check)
const asked = (at: number): Talk => new Talk().open(0).say('client', at, GET).ack('server', at)

const gaveUp = asked(3).fin('client', 503).ack('server', 504).say('server', 1203, OK).rst('client', 1203.1)
const answered = asked(3).say('server', 15, OK).ack('client', 16).fin('client', 20).fin('server', 21)

it('the slow pod of chapter 10: the proxy gives up after its timeout, the answer comes later', () => {
  const { stories, findings, limits } = report(recordedCapture('slow-pod-lo'))
  expect(stories[0]).toEqual({
    kind: 'client-closed-first',
    leg: 'application',
    says: "GET /items; 496 to 503 ms later the proxy's side closed (FIN); the application's answer (200) came 215 to 451 ms after that, to nobody (RST)",
    count: 10,
    streams: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  })
  expect(findings.map(({ check, count, standing }) => [check, count, standing])).toEqual([
    ['client-closed-first', 10, 'observed'],
    ['answer-after-close', 10, 'observed'],
  ])
  expect(findings[0]?.means).toContain('a timeout of about 500 ms')
  expect(limits).toEqual([])
})

it('the same requests between the proxies: encrypted, and nothing is said of their contents', () => {
  const { stories, findings, streams } = report(recordedCapture('slow-pod-eth0'))
  expect(stories[0]).toMatchObject({
    leg: 'mesh',
    count: 10,
    says: "a request of 366 bytes (encrypted); 497 to 503 ms later the caller 10.244.0.4 closed (FIN); 10.244.0.7's proxy had not answered by then",
  })
  expect(findings.map(({ check }) => check)).toEqual(['client-closed-first', 'connection-unanswered'])
  expect(streams[3]?.tls).toMatchObject({
    sni: 'outbound_.80_.version-v2_.catalog.istioinaction.svc.cluster.local',
    version: '1.3',
  })
})

it('who closed first, and what came of the answer, is told in one sentence without the query', () => {
  expect(told(gaveUp.sent)).toEqual([
    "GET /items; 500 ms later the proxy's side closed (FIN); the application's answer (200) came 700 ms after that, to nobody (RST)",
  ])
  expect(told(answered.sent)).toEqual(['GET /items: the application answered (200) after 12 ms'])
  expect(checks(answered.sent)).toEqual([])
})

it.each<[string, FileOptions]>([
  ...(['ethernet', 'null', 'loop', 'raw', 'cooked', 'cooked2'] satisfies Link[]).map((link): [string, FileOptions] => [
    link,
    { link },
  ]),
  ['big-endian', { isLittle: false }],
  ['nanoseconds', { isNano: true }],
  ['big-endian nanoseconds', { isLittle: false, isNano: true, link: 'null' }],
])('pcap and pcapng say the same: %s', (_, options) => {
  const expected = told(gaveUp.sent)
  expect(told(gaveUp.sent, options)).toEqual(expected)
  expect(report(pcapng(gaveUp.sent, options)).stories.map(({ says }) => says)).toEqual(expected)
})

it('VLAN tags and IPv6', () => {
  expect(told(gaveUp.sent.map((sent) => ({ ...sent, vlan: 12 })))).toEqual(told(gaveUp.sent))
  const talk = new Talk('[2001:db8:0:0:0:0:0:1]:4000', '[2001:db8:0:0:0:0:0:2]:80')
    .open(0)
    .say('client', 3, GET)
    .rst('server', 5)
  expect(told(talk.sent)).toEqual([
    'GET /items; 2 ms later [2001:db8::2]:80 reset the connection (RST) without an answer',
  ])
})

it('the server closes: without an answer, in the middle of one, or before the request came', () => {
  const reset = asked(3).rst('server', 6)
  expect(told(reset.sent)).toEqual([
    'GET /items; 3 ms later the application reset the connection (RST) without an answer',
  ])
  expect(checks(reset.sent)).toEqual(['server-reset'])
  const broken = asked(3).say('server', 6, 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[').fin('server', 9)
  expect(told(broken.sent)).toEqual([
    'GET /items; 6 ms later the application closed (FIN) in the middle of its answer (200)',
  ])
  const raced = asked(3)
    .say('server', 6, OK)
    .ack('client', 7)
    .fin('server', 5006)
    .say('client', 5007, GET)
    .rst('server', 5007.1)
  expect(told(raced.sent)).toEqual([
    'the application closed (FIN); 1 ms later GET /items was sent on that connection, and got no answer',
  ])
  expect(report(pcap(raced.sent)).findings[0]?.means).toContain('keep-alive timeout')
  const untilClose = asked(3).say('server', 6, 'HTTP/1.1 200 OK\r\n\r\nall of it').fin('server', 9)
  expect(checks(untilClose.sent)).toEqual([])
})

it('a client that closes its half and waits gets its answer: nothing is wrong', () => {
  const half = asked(3).fin('client', 4).say('server', 20, OK).ack('client', 21).fin('server', 22)
  expect(checks(half.sent)).not.toContain('answer-after-close')
})

it('a connection that is refused, and one that nobody answers', () => {
  const refused = new Talk().syn(0)
  refused.sent.push({ at: 0.1, from: '10.244.0.9:3000', to: '127.0.0.6:40001', seq: 0, ack: 1001, flags: 0x14 })
  expect(told(refused.sent)).toEqual([
    'the proxy asked the application on port 3000 for a connection; it was refused (RST) after 0.1 ms: nothing listens there',
  ])
  expect(checks(refused.sent)).toEqual(['connection-refused'])
  const unheard = new Talk().syn(0).syn(1000).syn(3000)
  unheard.sent.forEach((sent) => (sent.seq = 1000))
  expect(told(unheard.sent)).toEqual([
    'the proxy asked the application on port 3000 for a connection 3 times; nothing came back',
  ])
  expect(checks(unheard.sent)).toEqual(['connection-unanswered'])
})

it('TLS: the name asked for, and the alert that ends a handshake', () => {
  const hello = Uint8Array.from([22, 3, 1, 0, 60, 1, 0, 0, 56, 3, 3, ...Array<number>(32).fill(7), 0, 0, 2, 0x13, 1, 1, 0, 0, 13, 0, 0, 0, 9, 0, 7, 0, 0, 4, 104, 111, 115, 116]) // prettier-ignore
  const talk = new Talk('10.0.0.1:4000', '10.0.0.2:443').open(0).say('client', 3, hello)
  talk.say('server', 4, Uint8Array.of(21, 3, 3, 0, 2, 2, 116)).fin('server', 5)
  const { findings, streams } = report(pcap(talk.sent))
  expect(streams[0]?.tls).toMatchObject({
    sni: 'host',
    alerts: [{ by: 'server', level: 'fatal', name: 'certificate_required' }],
  })
  expect(findings.map(({ check, says }) => [check, says])).toEqual([
    ['tls-alert', '10.0.0.2:443 broke off 1 TLS handshake with the alert certificate_required (name asked for: host).'],
  ])
  const goodbye = new Talk('10.0.0.1:4000', '10.0.0.2:443')
    .open(0)
    .say('client', 3, hello)
    .say('client', 4, Uint8Array.of(21, 3, 3, 0, 2, 1, 0))
    .fin('client', 5)
  expect(checks(goodbye.sent)).toEqual([])
})

it('segments out of order are put in order; those sent again are counted once, copies not at all', () => {
  const talk = asked(3)
  const [head, body] = ['HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n', '1234']
  talk.say('server', 10, head).say('server', 11, body)
  const last = talk.sent.length - 1
  const swapped = talk.sent.map((sent, index) =>
    index === last - 1 ? { ...talk.sent[last]!, at: 10 } : index === last ? { ...talk.sent[last - 1]!, at: 11 } : sent,
  )
  const [stream] = report(pcap(swapped)).streams
  expect(stream).toMatchObject({
    outOfOrder: { server: 1 },
    retransmissions: { server: 0 },
    exchanges: [{ status: 200, isWhole: true }],
  })
  const again = asked(3).again('client', 250).again('client', 700).again('client', 1500).say('server', 1510, OK)
  expect(report(pcap(again.sent)).streams[0]).toMatchObject({ requests: 1, retransmissions: { client: 3 } })
  expect(checks(again.sent)).toEqual(['retransmissions'])
  const twice = answered.sent.flatMap((sent) => [sent, { ...sent, at: sent.at + 0.01 }])
  expect(report(pcap(twice)).streams[0]).toMatchObject({ requests: 1, retransmissions: { client: 0, server: 0 } })
})

it('a reader that takes no more', () => {
  const talk = asked(3)
    .say('server', 10, 'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n1234')
    .ack('client', 11, { window: 0 })
  talk.ack('client', 900).say('server', 901, '5678')
  const { findings, streams } = report(pcap(talk.sent))
  expect(streams[0]?.stalls).toEqual([{ by: 'server', at: 10, for: 891, why: 'zero-window' }])
  expect(findings.map(({ check }) => check)).toEqual(['zero-window'])
})

it('bytes that the capture lacks are said, and do not confuse what follows', () => {
  const holed = asked(3)
    .say('server', 10, OK)
    .ack('client', 11)
    .say('client', 20, GET)
    .say('server', 30, OK)
    .ack('client', 31)
  const missing = holed.sent.filter((sent) => !(sent.at === 10))
  const found = report(pcap(missing))
  expect(found.streams[0]).toMatchObject({ requests: 2, notCaptured: OK.length })
  expect(found.limits).toEqual([`${OK.length} bytes were acknowledged but are not in the capture: it has holes.`])
})

it('only the headers were kept: request lines are told as far as they go', () => {
  const found = report(pcap(gaveUp.sent, { snap: 54 + 9 }))
  expect(found.stories[0]?.says).toBe(
    "GET /item…; 500 ms later the proxy's side closed (FIN); the application's answer came 700 ms after that, to nobody (RST)",
  )
  expect(found.limits).toEqual([
    'Of 2 packets only the beginning was kept (63 bytes): headers and bodies that are not there are not judged.',
  ])
})

it('ports that are used again are another stream', () => {
  const second = new Talk('127.0.0.6:40001', '10.244.0.9:3000', [777_777, 5])
    .open(2000)
    .say('client', 2003, GET)
    .say('server', 2010, OK)
  expect(report(pcap([...gaveUp.sent, ...second.sent])).streams.map(({ id, outcome }) => [id, outcome])).toEqual([
    [0, 'client-closed-first'],
    [1, 'answered'],
  ])
})

it('a stream that began before the capture', () => {
  const found = report(pcap(gaveUp.sent.slice(3)))
  expect(found.stories[0]?.says).toContain("GET /items; 500 ms later the proxy's side closed")
  expect(found.limits).toEqual(['1 stream of 1 began before the capture: what went before in them is not known.'])
})

it('in pieces of one byte it is the same', () => {
  const reading = new CaptureReading()
  for (const byte of pcapng(gaveUp.sent)) reading.push(Uint8Array.of(byte))
  expect(explain(reading.end())).toEqual(report(pcapng(gaveUp.sent)))
})

it('no packets, none of TCP, all cut: each has its answer', () => {
  expect(nothingIn(report(pcap([])))?.why).toBe(
    'No packets: nothing passed while this was captured. Is this the right leg?',
  )
  const arp = { at: 0, bytes: Uint8Array.from([...Array<number>(12).fill(0), 8, 6, 0, 1]) }
  expect(nothingIn(report(pcapOf([arp])))?.why).toBe('1 packet in 0 ms and no TCP among them (1 arp; Ethernet).')
  expect(captureText(report(pcap(gaveUp.sent, { snap: 40 })))).toContain(
    'All 9 packets were cut before the end of their headers',
  )
  expect(captureText(report(pcap([])))).toContain('lo, in the clear')
})

it('packets that the kernel dropped, a file that ends in a packet, and one that is damaged', () => {
  expect(report(pcapng(answered.sent, { dropped: 3 })).limits).toEqual([
    '3 packets were dropped while capturing: what looks lost may have been there.',
  ])
  const whole = pcap(gaveUp.sent)
  const cut = report(whole.subarray(0, -5))
  expect(cut.packets).toBe(gaveUp.sent.length - 1)
  expect(cut.limits[0]).toMatch(/^The file ends in the middle of a packet \(65 bytes of it are there\)/)
  const damaged = joined([whole, Uint8Array.from(Array<number>(16).fill(0xff))])
  expect(report(damaged).limits[0]).toBe(
    `The file is damaged at byte ${whole.length} (a packet claims to have 4294967295 bytes): what comes after was not read.`,
  )
})

it.each<[string, Uint8Array, RegExp]>([
  ['nothing', new Uint8Array(), /^The capture is empty/],
  ['half a header', pcap([]).subarray(0, 10), /^The capture ends within its header, after 10 bytes/],
  [
    'text',
    Uint8Array.from('12:00:01.000 IP 10.0.0.1', (char) => char.charCodeAt(0)),
    /^This is not a packet capture\. It is text/,
  ],
  ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0, ...Array<number>(40).fill(0)), /compressed with gzip/],
  ['another magic', Uint8Array.of(1, 2, 3, 4, ...Array<number>(40).fill(0)), /It begins with 01 02 03 04/],
])('what is no capture: %s', (_, bytes, why) => {
  expect(() => report(bytes)).toThrow(UserError)
  expect(() => report(bytes)).toThrow(why)
})

it('a clock that no calendar reaches is damage, and not the end of the program', () => {
  const file = pcapng(answered.sent, { isNano: true })
  // Its resolution: 2^-127 s, or 10^0 s.
  for (const resolution of [0, 0xff]) {
    const odd = Uint8Array.from(file)
    odd[28 + 8 + 8 + 4] = resolution
    const { limits, packets } = report(odd)
    if (resolution === 0) expect(limits[0]).toContain('has a time that is none')
    expect(packets).toBe(resolution === 0 ? 0 : answered.sent.length)
  }
})

it('a link layer that is not read', () => {
  const file = pcapOf(frames(gaveUp.sent))
  file[20] = 105
  expect(report(file).limits).toEqual([expect.stringContaining('9 packets of link type 105')])
})

it('text of the packets is shown with every character visible', () => {
  const evil = new Talk().open(0).say('client', 3, 'GET /\u001b[31m\u0007 HTTP/1.1\r\n\r\n').rst('server', 4)
  const shown = captureText(report(pcap(evil.sent)))
  expect(shown.includes('\u0007') || shown.includes('\u001b')).toBe(false)
})

it('frames of two interfaces in one pcapng are read each by its link', () => {
  const [one, other] = [pcapng(answered.sent, { link: 'cooked2' }), pcapng(gaveUp.sent, { isLittle: false })]
  expect(report(joined([one, other])).packets).toBe(answered.sent.length + gaveUp.sent.length)
})

it('numbers that no window reaches are of another connection between the same ports: they make no hole of gigabytes', () => {
  const wild = asked(3).say('server', 10, OK).ack('client', 11)
  const later = new Talk('127.0.0.6:40001', '10.244.0.9:3000', [1_600_000_000, 1_700_000_000])
    .say('client', 20, GET)
    .say('server', 30, OK)
    .ack('client', 31)
  const found = report(pcap([...wild.sent, ...later.sent]))
  expect(found.limits.join()).not.toContain('acknowledged but are not in the capture')
  expect(found.streams[0]).toMatchObject({ requests: 2, notCaptured: 0 })
})
