import type { ModalView, PlainTextOption } from '@slack/types'
import { clean, shorten } from '../blocks/escape.ts'
import { fitting as fittingOf, minutesInput, noteView, option, plain, timesUpTo } from './elements.ts'

/** callback_id of the modal. */
export const RAISE_LOG_LEVEL = 'raise_log_level'
export const LOGGERS_BLOCK = 'loggers'
export const LEVEL_BLOCK = 'level'
export const PROXIES_BLOCK = 'proxies'

/** What fits, as choices. */
const optionsOf = (values: readonly string[]): PlainTextOption[] => fittingOf(values).map((value) => option(value))

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
  /** How much log is expected of what is chosen already. */
  expected?: string
  /** Limits of the configuration. */
  most: { proxies: number; minutes: number }
}

const MODAL = { id: RAISE_LOG_LEVEL, title: 'Raise log level' }

/** Shown while loggers and proxies are read; a modal has to open within 3 s. */
export const readingLoggersView = (where: string, target: string): ModalView =>
  noteView(MODAL, where, 'Cancel', `Reading the loggers of ${shorten(clean(target), 100)} …`)

/** Why there is nothing to choose. */
export const noLoggersView = (where: string, why: string): ModalView =>
  noteView(MODAL, where, 'Close', shorten(clean(why), 2900))

/** Asks which loggers, how much, on which proxies, for how long. */
export function raiseLogLevelView(
  where: string,
  { target, loggers, fitting, proxies, expected, most }: RaiseLogLevelChoices,
): ModalView {
  const offered = optionsOf([...fitting, ...loggers])
  const chosen = offered.filter(({ value = '' }) => fitting.includes(value))
  const pods = optionsOf(proxies)
  if (offered.length === 0 || pods.length === 0)
    return noLoggersView(
      where,
      'Their names are too long for a Slack dialog. Type them instead: /mesh log-level pod/NAME http:debug',
    )
  const times = timesUpTo(most.minutes)
  const usual = times.find(({ value }) => value === '5') ?? times[0]
  return {
    type: 'modal',
    callback_id: MODAL.id,
    private_metadata: where,
    title: plain(MODAL.title),
    submit: plain('Raise'),
    close: plain('Cancel'),
    blocks: [
      {
        type: 'section',
        text: plain(
          `Envoy's log levels of ${shorten(clean(target), 100)}, for a while. Then they are put back as they were.${
            expected === undefined ? '' : ` As chosen here: ${shorten(clean(expected), 300)}.`
          }`,
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
          options: ['info', 'debug', 'trace'].map((level) => option(level)),
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
      minutesInput(times, usual),
    ],
  }
}
