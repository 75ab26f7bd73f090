import { capturedOf, type CapturedPackets } from '../../src/capture/captured.ts'
import { explain } from '../../src/capture/capture-report.ts'
import { CaptureReading } from '../../src/capture/read-capture.ts'
import { pcap } from '../capture/packets.ts'
import { recordedCapture } from '../capture/recorded.ts'
import { Talk } from '../capture/talk.ts'

const GET = 'GET /items HTTP/1.1\r\nhost: catalog\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]'
const HELLO = Uint8Array.from([22, 3, 1, 0, 60, 1, 0, 0, 56, 3, 3, ...Array<number>(32).fill(7), 0, 0, 2, 0x13, 1, 1, 0, 0, 13, 0, 0, 0, 9, 0, 7, 0, 0, 4, 104, 111, 115, 116]) // prettier-ignore
const asked = (): Talk => new Talk().open(0).say('client', 3, GET).ack('server', 3)
const refused = (): Talk => {
  const talk = new Talk().syn(0)
  talk.sent.push({ at: 0.1, from: '10.244.0.9:3000', to: '127.0.0.6:40001', seq: 0, ack: 1001, flags: 0x14 })
  return talk
}
/** SYN again and again, which one that is sent again has the number of. */
const unheard = (server: string): Talk => {
  const talk = new Talk('127.0.0.6:40001', server).syn(0).syn(1000).syn(3000)
  for (const sent of talk.sent) sent.seq = 1000
  return talk
}

/** Captures by what they hold: two that were recorded on the slow pod of chapter 10, and others made packet by packet. */
const CAPTURES: Readonly<Record<string, () => Uint8Array>> = {
  'slow pod': () => recordedCapture('slow-pod-lo'),
  'slow pod, eth0': () => recordedCapture('slow-pod-eth0'),
  answered: () => pcap(asked().say('server', 15, OK).ack('client', 16).fin('client', 20).fin('server', 21).sent),
  reset: () => pcap(asked().rst('server', 6).sent),
  refused: () => pcap(refused().sent),
  unanswered: () => pcap(unheard('10.244.0.9:3000').sent),
  'no metadata service': () => pcap(unheard('169.254.169.254:80').sent),
  'sent again': () =>
    pcap(asked().again('client', 250).again('client', 700).again('client', 1500).say('server', 1510, OK).sent),
  'takes no more': () =>
    pcap(
      asked()
        .say('server', 10, 'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n1234')
        .ack('client', 11, { window: 0 })
        .ack('client', 900)
        .say('server', 901, '5678').sent,
    ),
  'TLS alert': () =>
    pcap(
      new Talk('10.0.0.1:4000', '10.0.0.2:443')
        .open(0)
        .say('client', 3, HELLO)
        .say('server', 4, Uint8Array.of(21, 3, 3, 0, 2, 2, 116))
        .fin('server', 5).sent,
    ),
  'no packets': () => pcap([]),
}

/** What a capture has shown, read and explained as any other. @throws Error for a name that is none */
export function shownBy(holds: string, pod: CapturedPackets['pod']): CapturedPackets {
  const bytes = CAPTURES[holds]
  if (bytes === undefined) throw new Error(`no capture is called ${holds}`)
  const reading = new CaptureReading()
  reading.push(bytes())
  return capturedOf(explain(reading.end()), pod, 'lo, port 3000, for 30 s')
}
