import { fit } from './fit.ts'
import { bold, bullets, code, line, rich, text, type SlackMessage } from './rich.ts'
import { runPieces, type LinkedRun } from './run-line.ts'

/** What was asked for lately, newest first. `of`: the target; absent: all of a channel. */
export function historyMessage(runs: readonly LinkedRun[], of: string | undefined): SlackMessage {
  const about = of === undefined ? ' in this channel' : ` about ${of}`
  if (runs.length === 0) {
    const none = `Nothing was asked${about} in the last 30 days`
    return {
      text: none,
      blocks: [rich(line(text(`${none}. `), code(`/mesh diagnose ${of ?? 'TARGET'}`), text(' begins.')))],
    }
  }
  const title = `The last ${runs.length === 1 ? 'run' : `${runs.length} runs`}${about}`
  return fit({ text: title, blocks: [rich(line(bold(title))), rich(bullets(runs.map(runPieces)))] }, { hasFile: false })
}
