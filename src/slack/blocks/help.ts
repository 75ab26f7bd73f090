import { fit } from './fit.ts'
import { bold, code, line, lines, rich, text, type SlackMessage } from './rich.ts'

/** One line of the help. */
export interface HelpLine {
  usage: string
  about: string
}

/** What can be typed, and where. */
export function helpMessage(commands: readonly HelpLine[]): SlackMessage {
  return fit(
    {
      text: 'What mesh-medic can do',
      blocks: [
        rich(line(bold('mesh-medic'), text(' finds out why a workload in the mesh misbehaves, and proves it.'))),
        rich(lines(commands.map(({ usage, about }) => [code(`/mesh ${usage}`), text(`  ${about}`)]))),
        rich(
          lines([
            [
              text('TARGET is a service ('),
              code('catalog'),
              text(', '),
              code('catalog.shop'),
              text('), '),
              code('deploy/NAME'),
              text(', '),
              code('pod/NAME'),
              text(', a host or a URL.'),
            ],
            [
              text('Inside a thread, where slash commands do not work: mention the bot ('),
              code('@mesh-medic diagnose catalog'),
              text('), or choose “Diagnose a workload” in the menu of a message.'),
            ],
          ]),
        ),
      ],
    },
    { hasFile: false },
  )
}
