import type { z } from 'zod'
import type { Records } from './records.ts'

/** Hears of a record that cannot be read, of another version say. */
export type Unreadable = (id: string, error: z.ZodError) => void

const unreadable = new Map<string, number>()

/** How many records of each collection could not be read when they were listed last. */
export const unreadableRecords = (): ReadonlyMap<string, number> => unreadable

/** Counts records that could not be read, of a collection or stream. */
export const countUnreadable = (collection: string, count: number): void => void unreadable.set(collection, count)

/** The records of a collection that have the shape; the others are told to `tell` and left out, so that one of them ends no list and no sweep. */
export async function listReadable<S extends z.ZodType>(
  records: Records,
  collection: string,
  schema: S,
  tell: Unreadable = () => undefined,
): Promise<z.output<S>[]> {
  const all = await records.list(collection)
  const read = all.flatMap(({ id, value }) => {
    const { data, error } = schema.safeParse(value)
    if (error !== undefined) tell(id, error)
    return error === undefined ? [data] : []
  })
  countUnreadable(collection, all.length - read.length)
  return read
}
