import { z } from 'zod'
import { defined } from '../../mesh/defined.ts'
import { useButton, type ButtonRefusal } from '../../store/buttons.ts'
import { presentWord } from '../../store/former-words.ts'
import { orTell } from '../access/or-tell.ts'
import type { Asking } from '../access/asking.ts'
import type { SlackDeps } from '../deps.ts'
import { UserError } from '../../mesh/user-error.ts'
import { ACTIONS } from './index.ts'

/** What Slack sends of a press; anything may be missing or forged. */
export interface Pressed {
  actionId: string
  value: string | undefined
  message: string | undefined
  /** Slack's trigger_id. */
  trigger?: string | undefined
  /** What Slack gives this press once: a button that works once works for the same press again. */
  press?: string | undefined
}

const Home = z.object({ channel: z.string().optional(), team: z.string().optional() })

/** Verbs whose button is only made anew with a proposal. */
const OF_FIXES = new Set([
  'approve-change',
  'choose-fix',
  'download-patch',
  'edit-change',
  'propose-fix',
  'reject-change',
])

/** True when a button was made for somebody of another workspace than the presser's; those that may ask here count as one. */
const isOfAnother = (home: string | undefined, own: string | undefined, allowed: readonly string[]): boolean =>
  home !== undefined && own !== undefined && home !== own && !allowed.includes(home) && !allowed.includes(own)

const OPAQUE_ID = /^[a-z0-9]{10,40}$/

/** Does what a button says; one that does nothing any more answers why. Never rejects. */
export async function pressButton(
  deps: SlackDeps,
  asking: Asking,
  { actionId, value, message, trigger, press }: Pressed,
): Promise<void> {
  await orTell(deps, asking, `button ${actionId.slice(0, 60)}`, async () => {
    const [name = ''] = actionId.split(':')
    const action = ACTIONS.find((one) => one.name === presentWord(name))
    if (action === undefined)
      throw new UserError({
        why: 'This button is not known. It may be from another version of mesh-medic.',
        commands: ['/mesh help'],
      })
    const unknown = new UserError({
      why: 'It is no longer known what this button was for.',
      remedies: ['It is too old, or not from this bot. Ask again:'],
      commands: ['/mesh help'],
    })
    if (value === undefined || !OPAQUE_ID.test(value)) throw unknown
    const answer = await useButton(deps.records, value, { by: asking.user, ...defined({ press }) })
    if (!answer.ok) throw refuse(answer) ?? unknown
    const { button } = answer
    if (button.act !== action.name) throw unknown
    const home = Home.parse(button.payload)
    if (
      (home.channel !== undefined && home.channel !== asking.channel) ||
      isOfAnother(home.team, asking.team, deps.policy.access.teams)
    ) {
      throw new UserError({
        why: 'This button belongs to another channel.',
        remedies: ['Press it there, or ask here:'],
        commands: ['/mesh help'],
      })
    }
    await action.run(deps, asking, { button, message, trigger })
  })
}

function refuse(answer: ButtonRefusal): UserError | undefined {
  if (answer.refusal === 'unknown') return undefined
  const { act, used } = answer.button
  const again = OF_FIXES.has(act)
    ? { remedies: ['Press “Propose fix” again, or diagnose the target again:'], commands: ['/mesh diagnose TARGET'] }
    : { remedies: ['Ask again:'], commands: [act === 'doctor-round-trip' ? '/mesh doctor' : '/mesh help'] }
  if (answer.refusal === 'expired') return new UserError({ why: 'This button has expired.', ...again })
  return new UserError({
    why: `This button was already used${used === undefined ? '' : `, at ${used.at}`}.`,
    ...again,
  })
}
