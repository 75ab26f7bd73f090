import type { ModalView } from '@slack/types'
import { clean, shorten } from '../blocks/escape.ts'
import { fitting, minutesInput, MOST_OPTIONS, noteView, option, plain, timesUpTo } from './elements.ts'

/** callback_id of the modal. */
export const TURN_ON_ACCESS_LOGS = 'turn_on_access_logs'
export const WORKLOAD_BLOCK = 'workload'
export const PROVIDER_BLOCK = 'provider'
/** The value of the choice that leaves the provider to mesh-medic. */
export const ANY_PROVIDER = '(chosen)'

/** What the modal offers. */
export interface TurnOnAccessLogsChoices {
  /** The target's name. */
  target: string
  /** `Deployment shop/catalog`, those that log nothing first. */
  workloads: readonly { name: string; isOn: boolean | undefined }[]
  /** Of the mesh configuration, by name. */
  providers: readonly string[]
  /** Limit of the configuration. */
  mostMinutes: number
}

const MODAL = { id: TURN_ON_ACCESS_LOGS, title: 'Turn on access logs' }

/** Shown while the workloads are read; a modal has to open within 3 s. */
export const readingWorkloadsView = (where: string, target: string): ModalView =>
  noteView(MODAL, where, 'Cancel', `Reading what the proxies of ${shorten(clean(target), 100)} log …`)

/** Why there is nothing to choose. */
export const noWorkloadsView = (where: string, why: string): ModalView =>
  noteView(MODAL, where, 'Close', shorten(clean(why), 2900))

/** Asks for which workload, by which provider, for how long. */
export function turnOnAccessLogsView(
  where: string,
  { target, workloads, providers, mostMinutes }: TurnOnAccessLogsChoices,
): ModalView {
  const names = fitting(
    workloads.map(({ name }) => name),
    MOST_OPTIONS - 1,
  )
  const offered = names.map((name) =>
    option(
      name,
      `${name}${workloads.find((one) => one.name === name)?.isOn === true ? ' (logs requests already)' : ''}`,
    ),
  )
  const [first] = offered
  if (first === undefined)
    return noWorkloadsView(
      where,
      'Their names are too long for a Slack dialog. Type them instead: /mesh access-log deploy/NAME on',
    )
  const chosen = option(ANY_PROVIDER, 'Let mesh-medic choose')
  const times = timesUpTo(mostMinutes)
  const usual = times.find(({ value }) => value === '10') ?? times.at(-1)
  return {
    type: 'modal',
    callback_id: MODAL.id,
    private_metadata: where,
    title: plain(MODAL.title),
    submit: plain('Turn on'),
    close: plain('Cancel'),
    blocks: [
      {
        type: 'section',
        text: plain(
          `Access logs of one workload of ${shorten(clean(target), 100)}, for a while, by a Telemetry object that is deleted at the end.`,
        ),
      },
      {
        type: 'input',
        block_id: WORKLOAD_BLOCK,
        label: plain('Workload'),
        element: { type: 'static_select', action_id: 'chosen', options: offered, initial_option: first },
      },
      {
        type: 'input',
        block_id: PROVIDER_BLOCK,
        label: plain('Provider'),
        element: {
          type: 'static_select',
          action_id: 'chosen',
          options: [chosen, ...fitting(providers, MOST_OPTIONS - 1).map((name) => option(name))],
          initial_option: chosen,
        },
      },
      minutesInput(times, usual),
    ],
  }
}
