import { groupsOf } from '../../fixes/roles.ts'
import { denyRole } from '../../fixes/authorise.ts'
import { expectedText } from '../../leases/log-levels/expected-log.ts'
import { loggersFor } from '../../leases/log-levels/loggers-for.ts'
import { requestsSeen } from '../../leases/log-levels/requests-seen.ts'
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
import { spokenOf } from '../answers/index.ts'
import type { SlackDeps } from '../deps.ts'
import { noLoggersView, RAISE_LOG_LEVEL, raiseLogLevelView, readingLoggersView } from '../modals/raise-log-level.ts'
import { openThenFill } from '../modals/open-then-fill.ts'
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
    const where = await whereOf(deps, asking, run)
    const { subject: target } = spokenOf(run)
    await openThenFill(
      deps,
      press.trigger,
      {
        reading: readingLoggersView(where, target),
        none: (why) => noLoggersView(where, why),
        async filled() {
          const choices = await choicesFor(deps, asking, run)
          return typeof choices === 'string'
            ? noLoggersView(where, choices)
            : raiseLogLevelView(where, { ...choices, target, most: deps.policy.leases })
        },
      },
      run.request.text,
    )
  },
})

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
): Promise<{ loggers: string[]; fitting: string[]; proxies: string[]; expected?: string } | string> {
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
  const fitting = loggersFor(code, read)
  return {
    loggers: Object.keys(read),
    fitting,
    ...defined({ expected: await expectedOf(deps, pods.slice(0, deps.policy.leases.proxies), fitting) }),
    proxies: pods.map(({ name, namespace = '' }) => `${namespace}/${name}`),
  }
}

/** How much log the loggers that are chosen already would add on the proxies that are. */
async function expectedOf(
  { clients }: SlackDeps,
  pods: readonly Ref[],
  loggers: readonly string[],
): Promise<string | undefined> {
  const signal = AbortSignal.timeout(PATIENCE)
  const traffic = await Promise.all(
    pods.map(async (pod) => ({
      pod: pod.name,
      ...defined({ requestsPerSecond: await requestsSeen(pod, clients, signal) }),
    })),
  )
  return expectedText(Object.fromEntries(loggers.map((logger) => [logger, 'debug'])), traffic)
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
