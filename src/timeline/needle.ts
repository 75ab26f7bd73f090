/** A text that is looked for in bytes. */
export interface Needle {
  text: string
  bytes: Buffer
  /** A few bytes of it that begin with a rare one, and where they stand in it. */
  anchor: Buffer
  at: number
}

/** Bytes of an anchor: short ones are looked for by their first byte, which is several times as fast as a table of skips over text like a log's. */
const ANCHOR = 6

/** How often each byte occurs in a part of a log. */
export function frequencies(sample: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256)
  for (const byte of sample) counts[byte] = (counts[byte] ?? 0) + 1
  return counts
}

/** Texts to look for in a log whose bytes are as frequent as these. */
export function needlesOf(texts: readonly string[], counts: Uint32Array): Needle[] {
  return texts.map((text) => {
    const bytes = Buffer.from(text)
    let at = 0
    for (let place = 1; place < bytes.length; place += 1)
      if ((counts[bytes[place] ?? 0] ?? 0) < (counts[bytes[at] ?? 0] ?? 0)) at = place
    return { text, bytes, anchor: bytes.subarray(at, at + ANCHOR), at }
  })
}

/** Where a text stands in some bytes. */
export function placesOf(block: Buffer, { bytes, anchor, at }: Needle): number[] {
  const places: number[] = []
  for (let found = block.indexOf(anchor); found !== -1; found = block.indexOf(anchor, found + 1)) {
    const place = found - at
    if (place >= 0 && isAt(block, bytes, place)) places.push(place)
  }
  return places
}

function isAt(block: Buffer, bytes: Buffer, place: number): boolean {
  for (let index = 0; index < bytes.length; index += 1) if (block[place + index] !== bytes[index]) return false
  return true
}
