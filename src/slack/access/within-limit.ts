import { defined } from '../../mesh/defined.ts'
import { refusalMessage } from '../blocks/refusal.ts'
import type { SlackDeps } from '../deps.ts'
import { tell, type Asking } from './asking.ts'

/** Carries a command out, unless its sender or its channel sent too many; then that is said. The audit hears of the first that is refused. */
export async function withinLimit(
  deps: SlackDeps,
  asking: Asking,
  line: string,
  act: () => Promise<void>,
): Promise<void> {
  const { user, team, channel } = asking
  const tooMany = await deps.commandLimit?.take(user, channel)
  if (tooMany === undefined) return act()
  const { of, most, again, isFirst } = tooMany
  const whose = of === 'user' ? 'You sent' : 'In this channel there were'
  await tell(
    deps,
    asking,
    refusalMessage({
      why: `${whose} ${most} commands within a minute, which is the limit.`,
      remedies: [`Nothing was done for this one. Send it again in ${again} s.`],
    }),
  )
  if (isFirst)
    await deps.audit({
      event: 'command-refused',
      by: { user, ...defined({ team }) },
      facts: { channel, text: line.slice(0, 500), why: `too-many-of-${of}` },
    })
}
