import { expect, it } from 'vitest'
import { explain, type CaptureReport } from '../../src/capture/capture-report.ts'
import { HeadersOnly } from '../../src/capture/headers-only.ts'
import { CaptureReading } from '../../src/capture/read-capture.ts'
import { joined, pcap } from './packets.ts'
import { recordedCapture } from './recorded.ts'
import { Talk } from './talk.ts'

function headersOnly(file: Uint8Array, piece = 100): Uint8Array {
  const maker = new HeadersOnly()
  const made: Uint8Array[] = []
  for (let at = 0; at < file.length; at += piece) made.push(...maker.push(file.slice(at, at + piece)))
  return joined(made)
}
function report(file: Uint8Array): CaptureReport {
  const reading = new CaptureReading()
  reading.push(file)
  return explain(reading.end())
}

it('keeps who closed first, how long after, and which request; and no header or body of it', () => {
  const kept = headersOnly(recordedCapture('slow-pod-lo'))
  expect(report(kept).stories.map(({ says }) => says)).toEqual(
    report(recordedCapture('slow-pod-lo')).stories.map(({ says }) => says),
  )
  const text = Buffer.from(kept).toString('latin1')
  expect(text).toContain('GET /items')
  expect(text).not.toMatch(/host:|spiffe|curl|amber|content-type/i)
})

it('keeps no query, no cookie and no bytes of an unknown protocol', () => {
  const talk = new Talk().open(0).say('client', 3, 'GET /a/b?token=hunter2 HTTP/1.1\r\ncookie: s=hunter2\r\n\r\n')
  talk.say('server', 5, 'HTTP/1.1 200 hunter2\r\n\r\n').say('client', 6, 'hunter2 in a protocol of its own')
  const text = Buffer.from(headersOnly(pcap(talk.sent))).toString('latin1')
  expect(text).toContain('GET /a/b')
  expect(text).toContain('HTTP/1.1 200')
  expect(text).not.toContain('hunter2')
})

it('keeps the names of TLS, and none of what it seals', () => {
  const kept = headersOnly(recordedCapture('slow-pod-eth0'), 1 << 20)
  const [one, other] = [report(kept), report(recordedCapture('slow-pod-eth0'))]
  expect(one.streams.map(({ tls }) => tls?.sni)).toEqual(other.streams.map(({ tls }) => tls?.sni))
  expect(one.streams.map(({ firstClose }) => firstClose)).toEqual(other.streams.map(({ firstClose }) => firstClose))
  expect(kept.length).toBeLessThan(recordedCapture('slow-pod-eth0').length / 2)
})
