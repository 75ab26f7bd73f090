import type { Sent } from './packets.ts'
import { Talk } from './talk.ts'

/** Numbers below 1 that look random and are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const other = (who: 'client' | 'server'): 'client' | 'server' => (who === 'client' ? 'server' : 'client')

/** One stream of a few requests, closed by either side or by both, at once or one after the other, with FIN or RST. */
function stream(random: () => number, client: string, server: string, begin: number): Sent[] {
  const isns = [Math.floor(random() * 2 ** 32), Math.floor(random() * 2 ** 32)] as const
  const talk = new Talk(client, server, isns)
  let at = begin
  const later = (most: number): number => (at += random() * most)
  if (random() < 0.9) talk.open(at)
  else talk.sent.length = 0
  at += 3
  const requests = Math.floor(random() * 4)
  for (let request = 0; request < requests; request += 1) {
    talk.say('client', later(20), `GET /items/${request} HTTP/1.1\r\nhost: catalog\r\n\r\n`)
    if (random() < 0.2) talk.again('client', later(300))
    talk.ack('server', later(2))
    if (random() < 0.85) {
      const body = 'x'.repeat(Math.floor(random() * 3000))
      const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`
      const half = Math.floor(random() * answer.length)
      talk.say('server', later(500), answer.slice(0, half + 1))
      if (answer.length > half + 1) talk.say('server', later(5), answer.slice(half + 1))
      talk.ack('client', later(2))
    }
  }
  const who = random() < 0.5 ? 'client' : 'server'
  const how = random()
  if (how < 0.1) return talk.sent
  if (how < 0.3) return talk.rst(who, later(100)).sent
  talk.fin(who, later(100))
  if (how < 0.5) talk.fin(other(who), at)
  else if (how < 0.8) talk.ack(other(who), later(2)).fin(other(who), later(50))
  else if (how < 0.9) talk.rst(other(who), later(50))
  talk.ack(who, later(2))
  return talk.sent
}

/**
 * A capture of several streams, mingled by time; packets are lost, sent again and overtake each other; ports are used again.
 *
 * @param block the last parts of all addresses in it: captures of different blocks can be put together
 */
export function synthesise(seed: number, block: { high: number; low: number } = { high: 0, low: 9 }): Sent[] {
  const random = randomOf(seed)
  const all: Sent[] = []
  const streams = 1 + Math.floor(random() * 8)
  for (let index = 0; index < streams; index += 1) {
    const isV6 = random() < 0.2
    const port = 40000 + Math.floor(random() * 4)
    const [client, server] = isV6
      ? [`[2001:db8:0:0:0:0:${block.high}:${block.low}]:${port}`, '[2001:db8:0:0:0:1:0:2]:3000']
      : [`127.0.0.6:${port}`, `10.244.${block.high}.${block.low}:3000`]
    // The same ports only one after the other, as a kernel has it.
    const begin = index * 1000 + (all.some(({ from }) => from === client) ? 20_000 * index : random() * 500)
    all.push(...stream(random, client, server, begin))
  }
  const loss = random() < 0.5 ? random() * 0.1 : 0
  const jitter = random() < 0.5 ? random() * 10 : 0
  const kept = all.filter(() => random() >= loss).map((sent) => ({ ...sent, at: sent.at + random() * jitter }))
  return kept.toSorted((a, b) => a.at - b.at)
}
