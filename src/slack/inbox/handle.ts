import type { AckFn, ViewResponseAction } from '@slack/bolt'
import { UserError } from '../../mesh/user-error.ts'
import type { Asking } from '../access/asking.ts'
import { orTell } from '../access/or-tell.ts'
import { soonHeard } from '../access/soon-heard.ts'
import { withinLimit } from '../access/within-limit.ts'
import { pressButton } from '../actions/press-button.ts'
import { runLine } from '../commands/run-line.ts'
import type { SlackDeps } from '../deps.ts'
import { publishHome } from '../home/publish-home.ts'
import { SUBMISSIONS } from '../modals/submissions.ts'
import { respondTo } from '../transport/respond.ts'
import type { Delivered, SlackRequest } from './request.ts'

/** Answers a modal; once. */
export type AckView = AckFn<ViewResponseAction>

const asksFor = (request: SlackRequest, id: string | undefined): Asking => {
  const { user, team } = request
  return {
    user,
    team,
    request: id,
    channel: 'channel' in request ? request.channel : user,
    thread: 'thread' in request ? request.thread : undefined,
    respond: 'responseUrl' in request && request.responseUrl !== undefined ? respondTo(request.responseUrl) : undefined,
  }
}

/** Does what a person asked for. Never rejects. */
export async function handle(deps: SlackDeps, { request, id, trigger }: Delivered, ack: AckView): Promise<void> {
  const asking = asksFor(request, id)
  switch (request.kind) {
    case 'command':
      return soonHeard(deps, asking, request.line, () =>
        withinLimit(deps, asking, request.line, () => runLine(deps, asking, request.line)),
      )
    case 'mention':
      return withinLimit(deps, asking, request.text, () => runLine(deps, asking, request.text))
    case 'press': {
      const { actionId, value, message } = request
      await pressButton(deps, asking, { actionId, value, message, trigger, press: id })
      // On the Home tab, which has no channel, the answer is what it shows then.
      if (request.channel === request.user) await publishHome(deps, { user: request.user, team: request.team })
      return
    }
    case 'submission': {
      const { user, team, callbackId, view } = request
      await SUBMISSIONS[callbackId]?.(deps, { user, team, request: id }, view, ack)
    }
  }
}

/** Tells a person that what they asked for was tried several times, and that each time the process ended. Never rejects. */
export const tellGaveUp = (deps: SlackDeps, of: Pick<Delivered, 'request' | 'id'>): Promise<void> =>
  tellInstead(
    deps,
    of,
    new UserError({
      why: 'The bot was restarted each time it worked on this request.',
      remedies: ["Ask again; if it happens again, tell the bot's administrator."],
    }),
  )

/** Tells a person that a command was not accepted, after it was not known whether it was. Never rejects. */
export const tellNotAccepted = (deps: SlackDeps, of: Pick<Delivered, 'request' | 'id'>): Promise<void> =>
  tellInstead(
    deps,
    of,
    new UserError(
      {
        why: `${`/mesh ${wordsOf(of.request)}`.trim().slice(0, 200)} was not accepted: the store and queue did not answer.`,
        remedies: ['Nothing was done; ask again.'],
      },
      { code: 'not-accepted' },
    ),
  )

const tellInstead = (
  deps: SlackDeps,
  { request, id }: Pick<Delivered, 'request' | 'id'>,
  error: UserError,
): Promise<void> => orTell(deps, asksFor(request, id), wordsOf(request), () => Promise.reject(error))

function wordsOf(request: SlackRequest): string {
  if (request.kind === 'command') return request.line
  if (request.kind === 'mention') return request.text
  return request.kind === 'press' ? `button ${request.actionId}` : request.callbackId
}
