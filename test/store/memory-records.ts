import {
  assertPlaceName,
  ConflictError,
  toJson,
  type Entry,
  type Records,
  type Stored,
} from '../../src/store/records.ts'

interface Row {
  text: string
  version: number
  /** Milliseconds of the epoch. */
  expiresAt: number
}

const stored = ({ text, version }: Row): Stored<unknown> => ({ value: JSON.parse(text), version })

/** Records in memory, empty and of one's own: what the contract asks of every store, without a database's work for each of a suite's thousands of reads. */
export function memoryRecords(): Records {
  const collections = new Map<string, Map<string, Row>>()
  const streams = new Map<string, string[]>()
  let last = 0

  const collection = (name: string): Map<string, Row> => {
    assertPlaceName(name)
    const known = collections.get(name) ?? new Map<string, Row>()
    collections.set(name, known)
    return known
  }
  const stream = (name: string): string[] => {
    assertPlaceName(name)
    const known = streams.get(name) ?? []
    streams.set(name, known)
    return known
  }
  const alive = (rows: Map<string, Row>, id: string): Row | undefined => {
    const row = rows.get(id)
    return row !== undefined && row.expiresAt > Date.now() ? row : undefined
  }
  const entry = (texts: readonly string[], sequence: number): Entry | undefined => {
    const text = texts[sequence - 1]
    return text === undefined ? undefined : { sequence, value: JSON.parse(text) }
  }
  /** What happens inside is asked for and answered like a message to a server: later. */
  const answer = async <T>(act: () => T): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve))
    return act()
  }

  return {
    read: (name, id) =>
      answer(() => {
        const row = alive(collection(name), id)
        return row && stored(row)
      }),
    write: (name, id, value, { expected, expiresInSeconds = Infinity } = {}) =>
      answer(() => {
        const rows = collection(name)
        const text = toJson(value)
        const there = alive(rows, id)
        if (expected !== undefined && expected !== (there?.version ?? 'absent'))
          throw new ConflictError(name, id, expected)
        last += 1
        rows.set(id, { text, version: last, expiresAt: Date.now() + expiresInSeconds * 1000 })
        return last
      }),
    remove: (name, id, { expected } = {}) =>
      answer(() => {
        const rows = collection(name)
        const there = alive(rows, id)
        if (expected !== undefined && expected !== there?.version) throw new ConflictError(name, id, expected)
        rows.delete(id)
        return there !== undefined
      }),
    list: (name) =>
      answer(() => {
        const rows = collection(name)
        const ids = [...rows.keys()].filter((id) => alive(rows, id) !== undefined)
        return ids.sort((one, other) => (one < other ? -1 : 1)).map((id) => ({ id, ...stored(rows.get(id)!) }))
      }),
    append: (name, value, expectedLength) =>
      answer(() => {
        const texts = stream(name)
        const text = toJson(value)
        if (expectedLength !== undefined && expectedLength !== texts.length)
          throw new ConflictError(name, undefined, expectedLength)
        return texts.push(text)
      }),
    entries: (name, { from = 1, limit = 1000 } = {}) =>
      answer(() => {
        const texts = stream(name)
        const sequences = texts.map((_, index) => index + 1).filter((sequence) => sequence >= from)
        return sequences.slice(0, Math.max(0, limit)).flatMap((sequence) => entry(texts, sequence) ?? [])
      }),
    lastEntry: (name) =>
      answer(() => {
        const texts = stream(name)
        return entry(texts, texts.length)
      }),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}
