import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Captures of the slow pod of chapter 10, made with tcpdump in its network namespace while requests failed with 504. */
export const RECORDED = ['slow-pod-lo', 'slow-pod-eth0'] as const

/** The bytes of one, which are kept as base64: `{ "made": "...", "pcap": "..." }`. */
export function recordedCapture(name: (typeof RECORDED)[number]): Uint8Array {
  const { pcap } = JSON.parse(readFileSync(join(import.meta.dirname, 'recorded', `${name}.json`), 'utf8')) as {
    pcap: string
  }
  return Buffer.from(pcap, 'base64')
}
