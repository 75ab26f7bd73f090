import { buttonRow, type ButtonSpec } from './buttons.ts'
import { fit } from './fit.ts'
import { LIMITS } from './limits.ts'
import { code, line, rich, text, type SlackMessage } from './rich.ts'

/** As many namespaces get a button. */
export const MOST_CHOICES = LIMITS.actions
/** As many are named when there are no buttons. */
const MOST_NAMED = 100

/** A name that several namespaces have: a button each, or the list when they are too many. */
export function choicesMessage(
  name: string,
  namespaces: readonly string[],
  buttons: readonly ButtonSpec[],
): SlackMessage {
  const rest = namespaces.length > MOST_NAMED ? ` and ${namespaces.length - MOST_NAMED} more` : ''
  const list =
    namespaces.length > MOST_CHOICES ? [rich(line(text(`${namespaces.slice(0, MOST_NAMED).join(', ')}${rest}`)))] : []
  return fit(
    {
      text: `${namespaces.length} namespaces have ${name}`,
      blocks: [
        rich(
          line(
            code(name),
            text(` is in ${namespaces.length} namespaces. ${buttons.length > 0 ? 'Which one is meant?' : 'Add one:'} `),
            ...(buttons.length > 0 ? [] : [code(`/mesh diagnose ${name} -n NAMESPACE`)]),
          ),
        ),
        ...list,
        ...buttonRow(buttons),
      ],
    },
    { hasFile: false },
  )
}
