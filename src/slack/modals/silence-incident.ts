import type { ModalView } from '@slack/types'
import { minutesInput, option, plain } from './elements.ts'

/** callback_id of the modal; also the name of the button that opens it. */
export const SILENCE_INCIDENT = 'silence-incident'

const TIMES = [
  ['30', '30 minutes'],
  ['60', '1 hour'],
  ['120', '2 hours'],
  ['240', '4 hours'],
  ['480', '8 hours'],
  ['1440', '1 day'],
] as const

/** The times that can be chosen, in minutes. */
export const SILENCE_MINUTES: readonly number[] = TIMES.map(([minutes]) => Number(minutes))

/** Asks for how long an incident is to be quiet. `where` comes back with the answer. */
export function silenceIncidentView(where: string, says: string): ModalView {
  const times = TIMES.map(([minutes, label]) => option(minutes, label))
  return {
    type: 'modal',
    callback_id: SILENCE_INCIDENT,
    private_metadata: where,
    title: plain('Silence an incident'),
    submit: plain('Silence'),
    close: plain('Cancel'),
    blocks: [{ type: 'section', text: plain(says) }, minutesInput(times, times[1])],
  }
}
