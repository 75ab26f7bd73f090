import fc, { type Arbitrary } from 'fast-check'
import { frames, pcap, pcapng, pcapOf, type Link } from '../capture/packets.ts'
import { recordedCapture } from '../capture/recorded.ts'
import { synthesise } from '../capture/synthesise.ts'
import { Talk } from '../capture/talk.ts'

const REQUEST = 'POST /items?token=1 HTTP/1.1\r\nhost: catalog\r\ncontent-length: 5\r\n\r\nhello'
const ANSWER = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
const HELLO = Uint8Array.from([22, 3, 1, 0, 56, 1, 0, 0, 52, 3, 3, ...Array<number>(32).fill(7), 0, 0, 2, 0x13, 1, 1, 0, 0, 9, 0, 0, 0, 5, 0, 3, 0, 0, 0]) // prettier-ignore
const talk = new Talk()
  .open(0)
  .say('client', 3, REQUEST)
  .say('server', 9, ANSWER)
  .again('server', 300)
  .fin('client', 400)
const v6 = new Talk('[2001:db8:0:0:0:0:0:1]:4000', '[2001:db8:0:0:0:0:0:2]:443')
  .open(0)
  .say('client', 3, HELLO)
  .say('server', 4, Uint8Array.of(21, 3, 3, 0, 2, 2, 48))
  .rst('server', 5)

/** Captures of every form that is read; a few hundred bytes each, and part of a real one. */
const SAMPLES: readonly Uint8Array[] = [
  ...(['ethernet', 'null', 'loop', 'raw', 'cooked', 'cooked2'] satisfies Link[]).map((link) =>
    pcap(talk.sent, { link }),
  ),
  pcap(talk.sent, { isLittle: false, isNano: true }),
  pcap(talk.sent, { snap: 96 }),
  pcap(talk.sent.map((sent) => ({ ...sent, vlan: 7 }))),
  pcap(v6.sent, { link: 'cooked2' }),
  pcapng(talk.sent, { dropped: 2 }),
  pcapng(v6.sent, { isLittle: false, isNano: true, link: 'cooked' }),
  pcapOf(frames(synthesise(7)).slice(0, 40)),
  recordedCapture('slow-pod-lo').subarray(0, 6000),
]

const edit = fc.record({
  how: fc.constantFrom('set', 'word', 'cut', 'insert', 'double'),
  at: fc.nat({ max: 100_000 }),
  value: fc.oneof(fc.constantFrom(0, 1, 0xff, 0x7f, 0x80), fc.nat({ max: 255 })),
  length: fc.nat({ max: 40 }),
})

/** Captures with some bytes changed, cut out, put in or doubled; and the sizes of the pieces they come in. */
export const nearlyCapture: Arbitrary<{ bytes: Uint8Array; piece: number }> = fc
  .tuple(
    fc.constantFrom(...SAMPLES),
    fc.array(edit, { minLength: 1, maxLength: 6 }),
    fc.constantFrom(1, 7, 100, 1 << 20),
  )
  .map(([sample, edits, piece]) => {
    let bytes = Array.from(sample)
    for (const { how, at, value, length } of edits) {
      const place = bytes.length === 0 ? 0 : at % bytes.length
      if (how === 'set') bytes[place] = value
      else if (how === 'word') bytes.splice(place, 4, value, value, value, value)
      else if (how === 'cut')
        bytes = length === 0 ? bytes.slice(0, place) : [...bytes.slice(0, place), ...bytes.slice(place + length)]
      else if (how === 'insert') bytes.splice(place, 0, ...Array<number>(length).fill(value))
      else bytes.splice(place, 0, ...bytes.slice(place, place + length))
    }
    return { bytes: Uint8Array.from(bytes), piece }
  })
