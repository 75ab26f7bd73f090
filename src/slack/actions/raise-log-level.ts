import { WebAPIPlatformError } from '@slack/web-api'
import type { ModalView } from '@slack/types'
import { groupsOf } from '../../fixes/roles.ts'
import { denyRole } from '../../fixes/authorise.ts'
import { loggersFor } from '../../leases/log-levels/loggers-for.ts'
import { readLogLevels, type LogLevels } from '../../evidence/collectors/log-levels.ts'
import { UnseenError } from '../../evidence/clients/clients.ts'
import { diagnose } from '../../capabilities/diagnose.ts'
import { keptAnswer } from '../../capabilities/kept-answer.ts'
import { raisableProxies } from '../../capabilities/proxies-of.ts'
import { hurts } from '../../diagnosis/cause.ts'
import type { Ref } from '../../mesh/ref.ts'
import { mintButton } from '../../store/buttons.ts'
import type { RunRecord } from '../../store/runs.ts'
import type { Asking } from '../access/asking.ts'
import { userErrorOf } from '../access/user-error-of.ts'
import { spokenOf } from '../answers/index.ts'
import type { SlackDeps } from '../deps.ts'
import { UserError } from '../../mesh/user-error.ts'
import { noLoggersView, RAISE_LOG_LEVEL, raiseLogLevelView, readingLoggersView } from '../modals/raise-log-level.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'
import { defined } from '../../mesh/defined.ts'

/** Milliseconds the proxies have to tell their loggers to a person who waits. */
const PATIENCE = 8000

/** Opens the modal that raises log levels: loggers that fit the finding are chosen already. */
export const raiseLogLevel = defineAction({
  name: 'raise-log-level',
  async run(deps, asking, press) {
    const run = await runOf(deps, press)
    const { trigger } = press
    if (trigger === undefined)
      throw new UserError({
        why: 'Slack did not allow a dialog to be opened.',
        remedies: ['Press the button again.'],
      })
    const where = await whereOf(deps, asking, run)
    const { subject: target } = spokenOf(run)
    // A modal has to open within 3 s of the press: what it asks for is read afterwards.
    const { view } = await deps.slack.patiently('views.open', (client) =>
      client.views.open({ trigger_id: trigger, view: readingLoggersView(where, target) }),
    )
    const id = view?.id
    if (id === undefined) return
    const show = (next: ModalView): Promise<void> => update(deps, id, next)
    try {
      const choices = await choicesFor(deps, asking, run)
      await show(
        typeof choices === 'string'
          ? noLoggersView(where, choices)
          : raiseLogLevelView(where, { ...choices, target, most: deps.policy.leases }),
      )
    } catch (error) {
      const { why, remedies } = userErrorOf(error, run.request.text)
      const isKnown = error instanceof UserError
      await show(noLoggersView(where, isKnown ? [why, ...remedies].join(' ') : why)).catch(() => undefined)
      if (!isKnown) throw error
    }
  },
})

/** Shows a modal's next state, unless the person has closed it. */
async function update({ slack }: SlackDeps, id: string, view: ModalView): Promise<void> {
  try {
    await slack.patiently('views.update', (client) => client.views.update({ view_id: id, view }))
  } catch (error) {
    if (!(error instanceof WebAPIPlatformError && error.data.error === 'not_found')) throw error
  }
}

async function whereOf({ records }: SlackDeps, { channel, team }: Asking, run: RunRecord): Promise<string> {
  return mintButton(records, {
    act: RAISE_LOG_LEVEL,
    payload: { channel, ...defined({ team }) },
    run: run.id,
    uses: 'many',
  })
}

/** What the modal offers, or why there is nothing to choose. */
async function choicesFor(
  deps: SlackDeps,
  { user, channel }: Asking,
  run: RunRecord,
): Promise<{ loggers: string[]; fitting: string[]; proxies: string[] } | string> {
  const denied = denyRole(
    deps.policy,
    { user, channel, groups: await groupsOf(deps.policy, user, deps.members) },
    'operator',
  )
  if (denied !== undefined) return `${denied.why} ${(denied.named.length === 0 ? denied.remedies : []).join(' ')}`
  const report = (await keptAnswer(deps.records, run.id, diagnose.answer))?.report
  const pods = await raisableProxies(deps, run, { signal: AbortSignal.timeout(PATIENCE) })
  const read = await firstLevels(deps, pods)
  if (typeof read === 'string') return read
  const code = (report?.cause?.finding ?? report?.findings.find(hurts))?.code
  return {
    loggers: Object.keys(read),
    fitting: loggersFor(code, read),
    proxies: pods.map(({ name, namespace = '' }) => `${namespace}/${name}`),
  }
}

/** The loggers of the first proxy that tells them: those of one mesh are alike. */
async function firstLevels({ clients }: SlackDeps, pods: readonly Ref[]): Promise<LogLevels | string> {
  let why = ''
  for (const pod of pods.slice(0, 3)) {
    try {
      return await readLogLevels(pod, clients.istioctl, AbortSignal.timeout(PATIENCE))
    } catch (error) {
      if (!(error instanceof UnseenError)) throw error
      why = error.message
    }
  }
  return `The loggers of the proxies could not be read: ${why}`
}
