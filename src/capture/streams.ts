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
      side = sideOf(stream, segment)
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
    const ends = [this.#addresses.get(source, isV6), this.#addresses.get(target, isV6)] as const
    const added = new Stream(this.all.length, segment, ends)
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

const isSame = (one: readonly number[], other: readonly number[]): boolean =>
  one[0] === other[0] && one[1] === other[1] && one[2] === other[2] && one[3] === other[3]

/** Which side of a stream sent a segment; undefined when it is of another stream. */
function sideOf({ addresses, ports }: Stream, segment: Segment): Side | undefined {
  const { source, target, sourcePort, targetPort } = segment
  const [one, other] = addresses
  if (one.isV6 !== segment.isV6) return undefined
  if (ports[0] === sourcePort && ports[1] === targetPort && isSame(one.words, source) && isSame(other.words, target))
    return 0
  if (ports[1] === sourcePort && ports[0] === targetPort && isSame(other.words, source) && isSame(one.words, target))
    return 1
  return undefined
}
