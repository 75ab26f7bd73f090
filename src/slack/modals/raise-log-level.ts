import type { ModalView, PlainTextOption } from '@slack/types'
import { minutesText } from '../../leases/minutes.ts'
import { clean, shorten } from '../blocks/escape.ts'
import { defined } from '../../mesh/defined.ts'

/** callback_id of the modal. */
export const RAISE_LOG_LEVEL = 'raise_log_level'
export const LOGGERS_BLOCK = 'loggers'
export const LEVEL_BLOCK = 'level'
export const PROXIES_BLOCK = 'proxies'
export const MINUTES_BLOCK = 'minutes'

/** Slack takes as many options in a select, and as many characters in the value of one. */
const MOST_OPTIONS = 100
const MOST_CHARACTERS = 150

const plain = (value: string): { type: 'plain_text'; text: string } => ({ type: 'plain_text', text: value })
const option = (value: string): PlainTextOption => ({ text: plain(shorten(clean(value), 75)), value })
/** What fits, each once: Slack refuses a select that has the same value twice. */
const optionsOf = (values: readonly string[]): PlainTextOption[] =>
  [...new Set(values)]
    .filter((value) => value !== '' && value.length <= MOST_CHARACTERS)
    .slice(0, MOST_OPTIONS)
    .map(option)

/** What the modal offers. */
export interface RaiseLogLevelChoices {
  /** The target's name. */
  target: string
  /** Those that the proxy has; the ones in `fitting` first. */
  loggers: readonly string[]
  /** Loggers that fit the finding. */
  fitting: readonly string[]
  /** Pods, `namespace/name`; those of the target first. */
  proxies: readonly string[]
  /** Limits of the configuration. */
  most: { proxies: number; minutes: number }
}

/** Shown while loggers and proxies are read; a modal has to open within 3 s. */
export function readingLoggersView(where: string, target: string): ModalView {
  return {
    type: 'modal',
    callback_id: RAISE_LOG_LEVEL,
    private_metadata: where,
    title: plain('Raise log level'),
    close: plain('Cancel'),
    blocks: [{ type: 'section', text: plain(`Reading the loggers of ${shorten(clean(target), 100)} …`) }],
  }
}

/** Why there is nothing to choose. */
export function noLoggersView(where: string, why: string): ModalView {
  return {
    type: 'modal',
    callback_id: RAISE_LOG_LEVEL,
    private_metadata: where,
    title: plain('Raise log level'),
    close: plain('Close'),
    blocks: [{ type: 'section', text: plain(shorten(clean(why), 2900)) }],
  }
}

/** Asks which loggers, how much, on which proxies, for how long. */
export function raiseLogLevelView(
  where: string,
  { target, loggers, fitting, proxies, most }: RaiseLogLevelChoices,
): ModalView {
  const offered = optionsOf([...fitting, ...loggers])
  const chosen = offered.filter(({ value = '' }) => fitting.includes(value))
  const pods = optionsOf(proxies)
  if (offered.length === 0 || pods.length === 0)
    return noLoggersView(
      where,
      'Their names are too long for a Slack dialog. Type them instead: /mesh log-level pod/NAME http:debug',
    )
  const minutes = [1, 5, 10, 15, 30, 60].filter((one) => one <= most.minutes)
  const times = (minutes.length === 0 ? [most.minutes] : minutes).map((one) => ({
    text: plain(minutesText(one)),
    value: String(one),
  }))
  const usual = times.find(({ value }) => value === '5') ?? times[0]
  return {
    type: 'modal',
    callback_id: RAISE_LOG_LEVEL,
    private_metadata: where,
    title: plain('Raise log level'),
    submit: plain('Raise'),
    close: plain('Cancel'),
    blocks: [
      {
        type: 'section',
        text: plain(
          `Envoy's log levels of ${shorten(clean(target), 100)}, for a while. Then they are put back as they were.`,
        ),
      },
      {
        type: 'input',
        block_id: LOGGERS_BLOCK,
        label: plain('Loggers'),
        element: {
          type: 'multi_static_select',
          action_id: 'chosen',
          options: offered,
          ...(chosen.length > 0 && { initial_options: chosen }),
        },
      },
      {
        type: 'input',
        block_id: LEVEL_BLOCK,
        label: plain('Level'),
        element: {
          type: 'static_select',
          action_id: 'chosen',
          options: ['info', 'debug', 'trace'].map(option),
          initial_option: option('debug'),
        },
      },
      {
        type: 'input',
        block_id: PROXIES_BLOCK,
        label: plain('Proxies'),
        hint: plain(`At most ${most.proxies}.`),
        element: {
          type: 'multi_static_select',
          action_id: 'chosen',
          options: pods,
          initial_options: pods.slice(0, most.proxies),
          max_selected_items: most.proxies,
        },
      },
      {
        type: 'input',
        block_id: MINUTES_BLOCK,
        label: plain('For'),
        element: { type: 'static_select', action_id: 'chosen', options: times, ...defined({ initial_option: usual }) },
      },
    ],
  }
}
