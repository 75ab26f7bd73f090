import type { ModalView, PlainTextOption } from '@slack/types'
import { defined } from '../../mesh/defined.ts'
import { minutesText } from '../../leases/minutes.ts'
import { clean, shorten } from '../blocks/escape.ts'

/** callback_id of the modal. */
export const TURN_ON_ACCESS_LOGS = 'turn_on_access_logs'
export const WORKLOAD_BLOCK = 'workload'
export const PROVIDER_BLOCK = 'provider'
export const MINUTES_BLOCK = 'minutes'
/** The value of the choice that leaves the provider to mesh-medic. */
export const ANY_PROVIDER = '(chosen)'

/** Slack takes as many options in a select, and as many characters in the value of one. */
const MOST_OPTIONS = 100
const MOST_CHARACTERS = 150

const plain = (value: string): { type: 'plain_text'; text: string } => ({ type: 'plain_text', text: value })
const option = (value: string, label = value): PlainTextOption => ({ text: plain(shorten(clean(label), 75)), value })
/** What fits, each once: Slack refuses a select that has the same value twice. */
const fitting = (values: readonly string[]): string[] =>
  [...new Set(values)].filter((value) => value !== '' && value.length <= MOST_CHARACTERS).slice(0, MOST_OPTIONS - 1)

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

const titled = (where: string, close: string, blocks: ModalView['blocks']): ModalView => ({
  type: 'modal',
  callback_id: TURN_ON_ACCESS_LOGS,
  private_metadata: where,
  title: plain('Turn on access logs'),
  close: plain(close),
  blocks,
})

/** Shown while the workloads are read; a modal has to open within 3 s. */
export const readingWorkloadsView = (where: string, target: string): ModalView =>
  titled(where, 'Cancel', [
    { type: 'section', text: plain(`Reading what the proxies of ${shorten(clean(target), 100)} log …`) },
  ])

/** Why there is nothing to choose. */
export const noWorkloadsView = (where: string, why: string): ModalView =>
  titled(where, 'Close', [{ type: 'section', text: plain(shorten(clean(why), 2900)) }])

/** Asks for which workload, by which provider, for how long. */
export function turnOnAccessLogsView(
  where: string,
  { target, workloads, providers, mostMinutes }: TurnOnAccessLogsChoices,
): ModalView {
  const names = fitting(workloads.map(({ name }) => name))
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
  const minutes = [1, 5, 10, 15, 30, 60].filter((one) => one <= mostMinutes)
  const times = (minutes.length === 0 ? [mostMinutes] : minutes).map((one) => option(String(one), minutesText(one)))
  const usual = times.find(({ value }) => value === '10') ?? times.at(-1)
  return {
    ...titled(where, 'Cancel', [
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
          options: [chosen, ...fitting(providers).map((name) => option(name))],
          initial_option: chosen,
        },
      },
      {
        type: 'input',
        block_id: MINUTES_BLOCK,
        label: plain('For'),
        element: { type: 'static_select', action_id: 'chosen', options: times, ...defined({ initial_option: usual }) },
      },
    ]),
    submit: plain('Turn on'),
  }
}
