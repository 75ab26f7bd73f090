import { defined } from '../../mesh/defined.ts'
import { UserError } from '../../mesh/user-error.ts'
import { refusalMessage } from '../blocks/refusal.ts'
import type { SlackDeps } from '../deps.ts'
import { tell, type Asking } from './asking.ts'
import { userErrorOf } from './user-error-of.ts'

/** Does something for a person; an error is told to that person, and logged when it is ours. Never rejects. */
export async function orTell(deps: SlackDeps, asking: Asking, typed: string, act: () => Promise<void>): Promise<void> {
  try {
    await deps.requireMember(asking)
    await act()
  } catch (error) {
    if (!(error instanceof UserError)) deps.log.error({ err: error, user: asking.user }, 'a request failed')
    await tell(deps, asking, refusalMessage(userErrorOf(error, typed)))
    await deps.audit({
      event: 'command-refused',
      by: { user: asking.user, ...defined({ team: asking.team }) },
      facts: { channel: asking.channel, text: typed.slice(0, 500), why: codeOf(error) },
    })
  }
}

function codeOf(error: unknown): string {
  if (error instanceof UserError) return error.code
  return error instanceof Error ? error.name : 'unknown'
}
