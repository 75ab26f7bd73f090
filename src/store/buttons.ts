import { z } from 'zod'
import { defined } from '../mesh/defined.ts'
import { retryOnConflict } from './change-record.ts'
import { withPresentWord } from './former-words.ts'
import { opaqueId } from './opaque-id.ts'
import type { Records } from './records.ts'

const COLLECTION = 'buttons'
const DAY_SECONDS = 24 * 3600
/** An expired button is remembered this long, so that the answer is 'expired' and not 'unknown'. */
const REMEMBERED_SECONDS = DAY_SECONDS

/** What stands behind the opaque id in a Slack button. `act` is the verb that it does. */
export const ButtonRecord = z.object({
  act: z.preprocess(withPresentWord, z.string()),
  payload: z.record(z.string(), z.unknown()),
  run: z.string().optional(),
  uses: z.enum(['once', 'many']),
  expiresAt: z.iso.datetime(),
  used: z.object({ at: z.iso.datetime(), by: z.string().optional(), press: z.string().optional() }).optional(),
})
export type ButtonRecord = z.infer<typeof ButtonRecord>

/** Why a click does nothing; `button` (absent for 'unknown') has the facts for the answer: act, run, used by whom and when. */
export type ButtonRefusal =
  { ok: false; refusal: 'unknown' } | { ok: false; refusal: 'expired' | 'already-used'; button: ButtonRecord }
export type ButtonAnswer = { ok: true; button: ButtonRecord } | ButtonRefusal

/** Stores a button and resolves to its id. Default: one use, within a day. */
export async function mintButton(
  records: Records,
  button: Pick<ButtonRecord, 'act' | 'payload' | 'run'> & { expiresInSeconds?: number; uses?: 'once' | 'many' },
): Promise<string> {
  const { expiresInSeconds = DAY_SECONDS, uses = 'once', ...rest } = button
  const id = opaqueId()
  const record: ButtonRecord = {
    ...rest,
    uses,
    expiresAt: new Date(Date.now() + expiresInSeconds * 1000).toISOString(),
  }
  await records.write(COLLECTION, id, record, {
    expected: 'absent',
    expiresInSeconds: expiresInSeconds + REMEMBERED_SECONDS,
  })
  return id
}

/** Whether the button could be used now, without using it. */
export async function readButton(records: Records, id: string): Promise<ButtonAnswer> {
  return judge(await records.read(COLLECTION, id))
}

/**
 * Uses the button: of any number of clicks on a once-button exactly one gets `ok`, however often it is handled.
 * @param by kept for the answer to the others
 * @param press tells one click from the others
 */
export async function useButton(
  records: Records,
  id: string,
  { by, press }: { by?: string; press?: string } = {},
): Promise<ButtonAnswer> {
  return retryOnConflict(async () => {
    const stored = await records.read(COLLECTION, id)
    const answer = judge(stored, press)
    if (!stored || !answer.ok || answer.button.uses === 'many') return answer
    const button: ButtonRecord = {
      ...answer.button,
      used: { at: new Date().toISOString(), ...defined({ by, press }) },
    }
    const expiresInSeconds = (Date.parse(button.expiresAt) - Date.now()) / 1000 + REMEMBERED_SECONDS
    await records.write(COLLECTION, id, button, { expected: stored.version, expiresInSeconds })
    return { ok: true, button }
  })
}

function judge(stored: { value: unknown } | undefined, press?: string): ButtonAnswer {
  if (!stored) return { ok: false, refusal: 'unknown' }
  const button = ButtonRecord.parse(stored.value)
  if (button.used !== undefined && (press === undefined || button.used.press !== press))
    return { ok: false, refusal: 'already-used', button }
  if (Date.parse(button.expiresAt) <= Date.now()) return { ok: false, refusal: 'expired', button }
  return { ok: true, button }
}
