import { hasKeptLogs } from '../../leases/kept-logs.ts'
import type { LeaseRecord } from '../../leases/lease-record.ts'
import { ANSWER_KEPT_SECONDS } from '../../capabilities/kept-answer.ts'
import { mintButton } from '../../store/buttons.ts'
import type { Records } from '../../store/records.ts'
import { readRun, type RunRecord } from '../../store/runs.ts'
import type { ButtonSpec } from '../blocks/buttons.ts'
import { defined } from '../../mesh/defined.ts'
import { deleteAnswerButton, fullReportButton } from './report-buttons.ts'

/** Seconds that a button of a lease is answered after the lease is over. */
const AFTERWARDS = 24 * 3600

const LABELS = {
  'put-back-lease': { label: 'Put back now', style: 'danger' },
  'extend-lease': { label: 'Extend' },
  'save-log': { label: 'Save log' },
  'show-failed-request': { label: 'Show a failed request' },
} as const satisfies Record<string, Pick<ButtonSpec, 'label' | 'style'>>

/** What can be pressed on a lease. */
export type LeaseVerb = keyof typeof LABELS

/** A button on a lease; `index` tells those of one message apart. Used often: the lease's own record decides what a press still does. */
export async function leaseButton(
  records: Records,
  { id, channel, by: { team }, run, until, target }: LeaseRecord,
  verb: LeaseVerb,
  index?: number,
): Promise<ButtonSpec> {
  const payload = { ...defined({ channel, team }), lease: id }
  const left = Math.max(0, (Date.parse(until) - Date.now()) / 1000)
  const button = await mintButton(records, {
    act: verb,
    payload,
    run,
    uses: 'many',
    expiresInSeconds: left + AFTERWARDS,
  })
  return {
    action: index === undefined ? verb : `${verb}:${index}`,
    id: button,
    ...LABELS[verb],
    spoken: `${LABELS[verb].label}: ${target}`,
  }
}

/** The buttons of a lease that runs; of one that is over, those of the logs that are kept of it. */
export async function leaseButtons(records: Records, lease: LeaseRecord): Promise<ButtonSpec[]> {
  if (lease.state === 'over') {
    const run = (await hasKeptLogs(records, lease.id)) ? await readRun(records, lease.run) : undefined
    return run === undefined ? [] : Promise.all([fullReportButton(records, run), deleteAnswerButton(records, run)])
  }
  const verbs: LeaseVerb[] = ['put-back-lease', 'extend-lease', 'save-log']
  // Access logs and ztunnels tell nothing of streams.
  if (lease.kind === 'log-levels') verbs.push('show-failed-request')
  return Promise.all(verbs.map((verb) => leaseButton(records, lease, verb)))
}

/** Makes the button that opens a modal about a diagnosis' target. */
const opening =
  (action: string, label: string) =>
  async (records: Records, { id, channel, request, asker: { team } }: RunRecord): Promise<ButtonSpec> => {
    const payload = { channel, ...defined({ team }) }
    const button = await mintButton(records, {
      act: action,
      payload,
      run: id,
      uses: 'many',
      expiresInSeconds: ANSWER_KEPT_SECONDS,
    })
    return { action, id: button, label, spoken: `${label}: ${request.text}` }
  }

/** Opens the modal that turns on the access logs of one workload of a diagnosis' target. */
export const turnOnAccessLogsButton = opening('turn-on-access-logs', 'Turn on access logs')

/** Opens the modal that raises log levels of a diagnosis' target. */
export const raiseLogLevelButton = opening('raise-log-level', 'Raise log level')
