import type { Reading, Seen } from '../evidence/reading.ts'
import { redact } from '../evidence/redaction.ts'
import { UserError } from '../mesh/user-error.ts'
import { defined } from '../mesh/defined.ts'

/** Readings given up one after the other, at most, before the error is let through. */
const MOST_GIVEN_UP = 5

/** True for what comes of a field that is not of the type it should have. */
const isOfForm = (error: unknown): error is Error =>
  error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError

const placeOf = ({ message, stack = '' }: Error): string => `${message} ${stack.split('\n').slice(1, 3).join(' ')}`

const unparsable = ({ kind, of, source, at }: Seen, { message }: Error): Reading => ({
  kind,
  ...defined({ of }),
  source,
  at,
  ok: false,
  reason: 'unparsable',
  detail: `the answer does not have the expected form (${redact(message).slice(0, 200)})`,
})

interface Attempt<T> {
  value?: T
  done: boolean
  readings: readonly Reading[]
  error?: Error
}

/** The readings with one that was seen given up; the last ones first, as they were not used before. */
function* withoutOne(readings: readonly Reading[], error: Error): Generator<readonly Reading[]> {
  for (let index = readings.length - 1; index >= 0; index -= 1) {
    const reading = readings[index]
    if (reading?.ok === true) yield readings.with(index, unparsable(reading, error))
  }
}

/**
 * Makes something of what was read. Where that fails because a field of a reading is of the wrong type, that reading is given up: it is as if it
 * could not be read, and all else goes on.
 *
 * @param keep hears which readings stand, when one was given up
 * @throws what `use` throws for any other reason
 */
export async function understood<T>(
  readings: readonly Reading[],
  use: (readings: readonly Reading[]) => T | Promise<T>,
  keep: (readings: readonly Reading[]) => void = () => undefined,
): Promise<T> {
  let refused: UserError | undefined
  const attempt = async (of: readonly Reading[]): Promise<Attempt<T>> => {
    try {
      return { value: await use(of), done: true, readings: of }
    } catch (error) {
      if (error instanceof UserError) refused ??= error
      if (isOfForm(error)) return { done: false, readings: of, error }
      if (of === readings || !(error instanceof UserError)) throw error
      return { done: false, readings: of }
    }
  }
  let now = await attempt(readings)
  for (let given = 0; !now.done && now.error !== undefined && given < MOST_GIVEN_UP; given += 1) {
    const { error } = now
    let further: Attempt<T> | undefined
    for (const fewer of withoutOne(now.readings, error)) {
      const next = await attempt(fewer)
      if (next.done) {
        further = next
        break
      }
      // It fails elsewhere: this one was in the way, and another one is.
      if (next.error !== undefined && placeOf(next.error) !== placeOf(error)) further ??= next
    }
    if (further === undefined) throw refused ?? error
    now = further
  }
  if (!now.done) throw refused ?? now.error ?? new TypeError('what was read does not have the expected form')
  if (now.readings !== readings) keep(now.readings)
  return now.value as T
}
