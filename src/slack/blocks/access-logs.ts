import type { AccessLogsAnswer, ShownWorkload } from '../../capabilities/access-logs.ts'
import { formatRef } from '../../mesh/ref.ts'
import type { RunRecord } from '../../store/runs.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { cut } from './escape.ts'
import { fit } from './fit.ts'
import { bold, code, line, rich, text, type SlackMessage } from './rich.ts'
import { askedBy, subjectOf } from './running.ts'

function summary({ isOn, says, pods }: ShownWorkload): string {
  const count = `${pods} ${pods === 1 ? 'proxy' : 'proxies'}`
  if (isOn === undefined) return `· not known whether it logs requests: ${cut(says ?? 'no proxy answered', 300)}`
  return isOn ? `✓ logs requests (${count})` : `✗ logs no requests (${count})`
}

/** Which workloads of a target log their requests, those that do not first. */
export function accessLogsMessage(
  { workloads, providers }: AccessLogsAnswer,
  run: RunRecord,
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const title = `Access logs of ${workloads.length} ${workloads.length === 1 ? 'workload' : 'workloads'}`
  return fit(
    {
      text: title,
      blocks: [
        rich(line(bold(title), text('  '), code(subjectOf(run)))),
        ...workloads.map((one) => rich(line(code(formatRef(one.workload)), text(`\n${summary(one)}`)))),
        ...(providers.length === 0
          ? []
          : [rich(line(text('Providers that print to the proxies’ output: '), code(cut(providers.join(', '), 500))))]),
        rich(line(...askedBy(run))),
        ...buttonRow(buttons),
      ],
    },
    { hasFile: false },
  )
}
