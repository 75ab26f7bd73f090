import { assertPlaceName, ConflictError, toJson, type Records } from '../../src/store/records.ts'

interface Kept {
  json: string
  version: number
  until: number
}

/** Records in this process's memory: for thousands of acts in a test. Held to the same contract as the real ones. */
export function mapRecords(): Records {
  const places = new Map<string, Map<string, Kept>>()
  const streams = new Map<string, string[]>()
  let version = 0
  const place = (name: string): Map<string, Kept> => {
    assertPlaceName(name)
    const found = places.get(name) ?? new Map<string, Kept>()
    places.set(name, found)
    return found
  }
  const stream = (name: string): string[] => {
    assertPlaceName(name)
    const found = streams.get(name) ?? []
    streams.set(name, found)
    return found
  }
  const at = (collection: string, id: string): Kept | undefined => {
    const kept = place(collection).get(id)
    return kept !== undefined && kept.until > Date.now() ? kept : undefined
  }
  const value = (json: string): unknown => JSON.parse(json)
  // What happens inside is asked for and answered like a message to a server: later.
  const soon = async <T>(act: () => T): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve))
    return act()
  }
  return {
    read: (collection, id) =>
      soon(() => {
        const kept = at(collection, id)
        return kept && { value: value(kept.json), version: kept.version }
      }),
    write: (collection, id, next, { expected, expiresInSeconds = Infinity } = {}) =>
      soon(() => {
        const json = toJson(next)
        const kept = at(collection, id)
        if (expected !== undefined && expected !== (kept?.version ?? 'absent'))
          throw new ConflictError(collection, id, expected)
        place(collection).set(id, { json, version: (version += 1), until: Date.now() + expiresInSeconds * 1000 })
        return version
      }),
    remove: (collection, id, { expected } = {}) =>
      soon(() => {
        const kept = at(collection, id)
        if (expected !== undefined && expected !== kept?.version) throw new ConflictError(collection, id, expected)
        place(collection).delete(id)
        return kept !== undefined
      }),
    list: (collection) =>
      soon(() =>
        [...place(collection).keys()].sort().flatMap((id) => {
          const kept = at(collection, id)
          return kept === undefined ? [] : [{ id, value: value(kept.json), version: kept.version }]
        }),
      ),
    append: (name, next, expectedLength) =>
      soon(() => {
        const json = toJson(next)
        const entries = stream(name)
        if (expectedLength !== undefined && expectedLength !== entries.length)
          throw new ConflictError(name, undefined, expectedLength)
        return entries.push(json)
      }),
    entries: (name, { from = 1, limit = 1000 } = {}) =>
      soon(() =>
        stream(name)
          .slice(from - 1, from - 1 + limit)
          .map((json, index) => ({ sequence: from + index, value: value(json) })),
      ),
    lastEntry: (name) =>
      soon(() => {
        const json = stream(name).at(-1)
        return json === undefined ? undefined : { sequence: stream(name).length, value: value(json) }
      }),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}
