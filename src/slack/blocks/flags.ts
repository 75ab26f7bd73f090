import type { RichTextBlock } from '@slack/types'
import type { AskedFlag } from '../../mesh/flags-asked.ts'
import { fit } from './fit.ts'
import { bold, code, line, lines, rich, text, type SlackMessage } from './rich.ts'

/** Response flags: one or two at length, more as a list. */
export const flagsMessage = (flags: readonly AskedFlag[]): SlackMessage =>
  fit(
    { text: flags.map(({ flag, meaning }) => `${flag}: ${meaning}`).join('; '), blocks: flagBlocks(flags) },
    { hasFile: false },
  )

/** The same as blocks of another message. */
export const flagBlocks = (flags: readonly AskedFlag[]): RichTextBlock[] =>
  flags.length > MOST_AT_LENGTH
    ? [rich(lines(flags.map(({ flag, meaning, by }) => [code(flag), text(`  ${meaning} (${by})`)])))]
    : flags.map(({ flag, name, meaning, by, next }) =>
        rich(
          line(code(flag), bold(` ${name}`), text(`: ${meaning}`)),
          line(bold('Caused by:'), text(` ${by}`)),
          line(bold('Next:'), text(` ${next}`)),
        ),
      )

const MOST_AT_LENGTH = 4
