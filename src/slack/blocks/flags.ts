import type { AskedFlag } from '../../mesh/flags-asked.ts'
import { fit } from './fit.ts'
import { bold, code, line, lines, rich, text, type SlackMessage } from './rich.ts'

/** Response flags: one or two at length, more as a list. */
export function flagsMessage(flags: readonly AskedFlag[]): SlackMessage {
  const blocks =
    flags.length > MOST_AT_LENGTH
      ? [rich(lines(flags.map(({ flag, meaning, by }) => [code(flag), text(`  ${meaning} (${by})`)])))]
      : flags.map(({ flag, name, meaning, by, next }) =>
          rich(
            line(code(flag), bold(` ${name}`), text(`: ${meaning}`)),
            line(bold('Caused by'), text(` ${by}`)),
            line(bold('Next'), text(` ${next}`)),
          ),
        )
  return fit({ text: flags.map(({ flag, meaning }) => `${flag}: ${meaning}`).join('; '), blocks }, { hasFile: false })
}

const MOST_AT_LENGTH = 4
