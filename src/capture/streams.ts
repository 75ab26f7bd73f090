import type { Side } from './side.ts'
import { Addresses } from './address.ts'
import { ACK, SYN, type Segment } from './segment.ts'
import { Stream } from './stream.ts'

/** Streams that are followed; packets of more are only counted. */
const MOST = 200_000

const mix = (hash: number, word: number): number => Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15)

/** The TCP streams of a capture, by addresses and ports. */
export class Streams {
  readonly all: Stream[] = []
  /** Packets of streams beyond those that are followed. */
  notFollowed = 0
  readonly #addresses = new Addresses()
  readonly #byHash = new Map<number, Stream>()

  take(segment: Segment): void {
    const hash = this.#hash(segment)
    const first = this.#byHash.get(hash)
    let stream = first
    let side: Side | undefined
    // The latest stream between these ports stands first.
    while (stream !== undefined) {
      side = stream.sideOf(segment)
      if (side !== undefined) break
      stream = stream.next
    }
    if (stream !== undefined && side !== undefined && !this.#opensAnother(stream, side, segment)) {
      stream.take(segment, side)
      return
    }
    if (this.all.length >= MOST) {
      this.notFollowed += 1
      return
    }
    const { source, target, isV6 } = segment
    const added = new Stream(
      this.all.length,
      segment,
      this.#addresses.get(source, isV6),
      this.#addresses.get(target, isV6),
    )
    added.next = first
    this.#byHash.set(hash, added)
    this.all.push(added)
    added.take(segment, 0)
  }

  #opensAnother(stream: Stream, side: Side, segment: Segment): boolean {
    return (segment.flags & (SYN | ACK)) === SYN && stream.isReopenedBy(segment, side)
  }

  /** The same for both directions. */
  #hash({ source, target, sourcePort, targetPort, isV6 }: Segment): number {
    const sum = mix((source[0] + target[0]) | 0, sourcePort + targetPort)
    if (!isV6) return mix(sum, sourcePort * targetPort)
    return mix(mix(mix(sum, source[1] + target[1]), source[2] + target[2]), source[3] + target[3])
  }
}
