import type { UserAnswer } from '../../mesh/user-error.ts'
import { buttonRow, type ButtonSpec } from './buttons.ts'
import { clean, cut } from './escape.ts'
import { fit } from './fit.ts'
import {
  bullets,
  code,
  line,
  link,
  mentioning,
  rich,
  text,
  withoutMentions,
  withTimes,
  type SlackMessage,
} from './rich.ts'

/** An answer to something that cannot be done: why, and what would work. */
export function refusalMessage(
  { why, remedies = [], commands = [], named = [] }: UserAnswer,
  buttons: readonly ButtonSpec[] = [],
): SlackMessage {
  return fit(
    {
      text: `⚠️ ${withoutMentions(why)}`,
      blocks: [
        rich(line(text('⚠️ '), ...mentioning(why, named))),
        ...(remedies.length === 0 ? [] : [rich(line(...mentioning(remedies.join('\n'), named)))]),
        ...(commands.length === 0
          ? []
          : [
              rich(
                line(text('This would work:')),
                bullets([...new Set(commands)].slice(0, 10).map((command) => [code(command)])),
              ),
            ]),
        ...buttonRow(buttons),
      ],
    },
    { hasFile: false },
  )
}

/** A plain answer, with a link when there is somewhere to go. */
export function noteMessage(note: string, to?: { url: string; label: string }): SlackMessage {
  return fit(
    {
      text: note,
      blocks: [
        rich(
          line(
            ...withTimes(to === undefined ? note : `${note} `),
            ...(to === undefined ? [] : [link(to.url, to.label)]),
          ),
        ),
      ],
    },
    { hasFile: false },
  )
}

/** A heading and lines under it. */
export function listMessage(head: string, lines: readonly string[]): SlackMessage {
  return fit(
    {
      text: head,
      blocks: [
        rich(
          line(text(head)),
          ...(lines.length === 0 ? [] : [bullets(lines.map((one) => [text(cut(clean(one), 300))]))]),
        ),
      ],
    },
    { hasFile: false },
  )
}
