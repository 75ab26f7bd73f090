/** Bytes that are allocated at once; the longest line fits. */
const SLAB = 256 * 1024
const NEWLINE = 0x0a

interface Slab {
  bytes: Buffer
  used: number
  lines: number
}

/** Keeps the newest of many lines in as many bytes as they have, however many come. */
export class NewestLines {
  private readonly most: number
  private slabs: Slab[] = []
  private lines = 0
  private spare: Buffer | undefined

  constructor(most: number) {
    this.most = most
  }

  /** Adds a copy of a line without its end, at most 64 KB. */
  add(line: Buffer): void {
    let slab = this.slabs.at(-1)
    if (slab === undefined || slab.used + line.length + 1 > SLAB) {
      slab = { bytes: this.spare ?? Buffer.allocUnsafeSlow(SLAB), used: 0, lines: 0 }
      this.spare = undefined
      this.slabs.push(slab)
    }
    line.copy(slab.bytes, slab.used)
    slab.used += line.length + 1
    slab.bytes[slab.used - 1] = NEWLINE
    slab.lines += 1
    this.lines += 1
    const [oldest] = this.slabs
    if (oldest !== undefined && this.lines - oldest.lines >= this.most) {
      this.slabs.shift()
      this.lines -= oldest.lines
      this.spare = oldest.bytes
    }
  }

  /** The newest lines as one text, invalid UTF-8 replaced; nothing is kept any more. */
  end(): string {
    const bytes = Buffer.concat(this.slabs.map(({ bytes: all, used }) => all.subarray(0, used)))
    let begin = 0
    for (let left = this.lines - this.most; left > 0; left -= 1) begin = bytes.indexOf(NEWLINE, begin) + 1
    this.slabs = []
    this.lines = 0
    return bytes.toString('utf8', begin, Math.max(begin, bytes.length - 1))
  }
}
