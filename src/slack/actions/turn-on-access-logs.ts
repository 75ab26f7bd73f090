import { proxiesOfRun } from '../../capabilities/proxies-of.ts'
import { denyRole } from '../../fixes/authorise.ts'
import { groupsOf } from '../../fixes/roles.ts'
import { providersIn } from '../../leases/access-logs/choose-provider.ts'
import { findWorkloads } from '../../leases/access-logs/find-workloads.ts'
import { defined } from '../../mesh/defined.ts'
import { formatRef } from '../../mesh/ref.ts'
import { parseTarget } from '../../mesh/target-query.ts'
import { mintButton } from '../../store/buttons.ts'
import type { RunRecord } from '../../store/runs.ts'
import type { Asking } from '../access/asking.ts'
import { spokenOf } from '../answers/index.ts'
import type { SlackDeps } from '../deps.ts'
import { openThenFill } from '../modals/open-then-fill.ts'
import {
  noWorkloadsView,
  readingWorkloadsView,
  TURN_ON_ACCESS_LOGS,
  turnOnAccessLogsView,
  type TurnOnAccessLogsChoices,
} from '../modals/turn-on-access-logs.ts'
import { defineAction } from './action.ts'
import { runOf } from './run-of.ts'

/** Milliseconds the proxies have to tell what they log to a person who waits. */
const PATIENCE = 8000

/** Opens the modal that turns on the access logs of one workload: those that log nothing come first. */
export const turnOnAccessLogsAction = defineAction({
  name: 'turn-on-access-logs',
  async run(deps, asking, press) {
    const run = await runOf(deps, press)
    const where = await mintButton(deps.records, {
      act: TURN_ON_ACCESS_LOGS,
      payload: { channel: asking.channel, ...defined({ team: asking.team }) },
      run: run.id,
      uses: 'many',
    })
    const { subject: target } = spokenOf(run)
    await openThenFill(
      deps,
      press.trigger,
      {
        reading: readingWorkloadsView(where, target),
        none: (why) => noWorkloadsView(where, why),
        async filled() {
          const choices = await choicesFor(deps, asking, run)
          return typeof choices === 'string'
            ? noWorkloadsView(where, choices)
            : turnOnAccessLogsView(where, { ...choices, target, mostMinutes: deps.policy.leases.minutes })
        },
      },
      run.request.text,
    )
  },
})

/** What the modal offers, or why there is nothing to choose. */
async function choicesFor(
  deps: SlackDeps,
  { user, channel }: Asking,
  { id, request: { text, namespace } }: RunRecord,
): Promise<Pick<TurnOnAccessLogsChoices, 'workloads' | 'providers'> | string> {
  const groups = await groupsOf(deps.policy, user, deps.members)
  const denied = denyRole(deps.policy, { user, channel, groups }, 'operator')
  if (denied !== undefined) return `${denied.why} ${(denied.named.length === 0 ? denied.remedies : []).join(' ')}`
  const { workloads, mesh } = await findWorkloads(parseTarget(text, namespace), deps.clients, {
    signal: AbortSignal.timeout(PATIENCE),
    beside: await proxiesOfRun(deps.records, id),
  })
  const able = workloads.filter(({ selector }) => selector !== undefined)
  if (able.length === 0) return `Nothing can be turned on: ${workloads.map(({ refusal = '' }) => refusal).join('; ')}.`
  return {
    workloads: able.map(({ ref, isOn }) => ({ name: formatRef(ref), isOn })),
    providers: providersIn(mesh).map(({ name }) => name),
  }
}
