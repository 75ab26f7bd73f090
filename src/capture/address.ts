import type { Words } from './segment.ts'

/** An IP address of a capture. */
export interface Address {
  words: Readonly<Words>
  isV6: boolean
  /** As people write it. */
  text: string
}

/** The addresses of a capture, each once. */
export class Addresses {
  readonly #v4 = new Map<number, Address>()
  /** By the last word, which tells most. */
  readonly #v6 = new Map<number, Address[]>()

  get(words: Words, isV6: boolean): Address {
    if (!isV6) {
      let known = this.#v4.get(words[0])
      if (known === undefined) this.#v4.set(words[0], (known = addressOf(words, isV6)))
      return known
    }
    let alike = this.#v6.get(words[3])
    if (alike === undefined) this.#v6.set(words[3], (alike = []))
    for (const one of alike)
      if (one.words[0] === words[0] && one.words[1] === words[1] && one.words[2] === words[2]) return one
    const address = addressOf(words, isV6)
    alike.push(address)
    return address
  }
}

const addressOf = (words: Words, isV6: boolean): Address => ({
  words: [...words],
  isV6,
  text: addressText(words, isV6),
})

/** An address as people write it; of IPv6, the longest run of zeros is left out (RFC 5952). */
function addressText(words: Words, isV6: boolean): string {
  const [first] = words
  if (!isV6) return [first >>> 24, (first >>> 16) & 0xff, (first >>> 8) & 0xff, first & 0xff].join('.')
  const parts = words.flatMap((word) => [word >>> 16, word & 0xffff])
  let [begin, length] = [0, 1]
  for (let at = 0; at < parts.length; at += 1) {
    let end = at
    while (end < parts.length && parts[end] === 0) end += 1
    if (end - at > length) [begin, length] = [at, end - at]
  }
  const text = (some: readonly number[]): string => some.map((part) => part.toString(16)).join(':')
  return length === 1 ? text(parts) : `${text(parts.slice(0, begin))}::${text(parts.slice(begin + length))}`
}
