import type { z } from 'zod'
import type { Records } from './records.ts'

/** Hears of a record that cannot be read, of another version say. */
export type Unreadable = (id: string, error: z.ZodError) => void

/** The records of a collection that have the shape; the others are told to `unreadable` and left out, so that one of them ends no list and no sweep. */
export async function listReadable<S extends z.ZodType>(
  records: Records,
  collection: string,
  schema: S,
  unreadable: Unreadable = () => undefined,
): Promise<z.output<S>[]> {
  return (await records.list(collection)).flatMap(({ id, value }) => {
    const { data, error } = schema.safeParse(value)
    if (error !== undefined) unreadable(id, error)
    return error === undefined ? [data] : []
  })
}
