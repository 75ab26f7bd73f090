import type { Chart } from '../../report/chart.ts'
import type { SlackMessage } from './rich.ts'

/** A message of the thread under the verdict. `name` is its own within the run and stays the same when the run is continued. */
export interface Part {
  name: string
  message: SlackMessage
  /** The charts in its message, for where Slack does not take them: they are drawn then. */
  charts?: readonly Chart[]
}
