import { z } from 'zod'

/** A body of another shape; its message is for whoever set up the sender. */
export class PayloadShapeError extends Error {
  override readonly name = 'PayloadShapeError'
}

/** Characters of a label's or an annotation's value that are kept. */
const MOST_VALUE = 4096
/** Labels or annotations that are kept of one alert. */
const MOST_LABELS = 200

/** Labels or annotations; values that are too long are cut, and names that objects have of themselves stay plain keys. */
export const Labels = z.record(z.string(), z.string()).transform((all): Record<string, string> =>
  Object.fromEntries(
    Object.entries(all)
      .slice(0, MOST_LABELS)
      .map(([name, value]) => [name, value.slice(0, MOST_VALUE).toWellFormed()]),
  ),
)

/** RFC 3339 as Go and PagerDuty write it, also with nanoseconds and an offset; as ISO in UTC. */
export const Time = z.string().transform((text, context) => {
  const time = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'))
  if (Number.isNaN(time)) {
    context.addIssue({ code: 'custom', message: 'is not a time' })
    return z.NEVER
  }
  return new Date(time).toISOString()
})

/** Go's zero time, which stands for none. */
const ZERO = '0001-01-01T00:00:00.000Z'
export const isZero = (iso: string): boolean => iso === ZERO || Date.parse(iso) <= 0

/** Reads a body by its shape. @throws {PayloadShapeError} naming the field that does not fit */
export function read<T extends z.ZodType>(shape: T, body: unknown, what: string): z.output<T> {
  const { data, error } = shape.safeParse(body)
  if (error === undefined) return data
  const [issue] = error.issues
  const at = issue?.path.map(String).join('.') ?? ''
  throw new PayloadShapeError(
    `This is not ${what}: ${at === '' ? 'the body' : `\`${at.slice(0, 100)}\``} ${missing(issue) ? 'is missing' : `does not fit (${issue?.message ?? 'unknown'})`}.`,
  )
}

const missing = (issue: z.core.$ZodIssue | undefined): boolean =>
  issue?.code === 'invalid_type' && issue.message.endsWith('received undefined')

/** An http or https address; anything else counts as none. */
export const Url = z
  .string()
  .optional()
  .catch(undefined)
  .transform((text) => (text !== undefined && /^https?:\/\/\S+$/.test(text) && text.length <= 8192 ? text : undefined))
