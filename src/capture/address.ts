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
  readonly #v6 = new Map<string, Address>()

  get(words: Words, isV6: boolean): Address {
    const known = isV6 ? this.#v6.get(words.join()) : this.#v4.get(words[0])
    if (known !== undefined) return known
    const address: Address = { words: [...words], isV6, text: addressText(words, isV6) }
    if (isV6) this.#v6.set(words.join(), address)
    else this.#v4.set(words[0], address)
    return address
  }
}

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
