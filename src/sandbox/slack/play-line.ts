import type { SlackStandIn } from './contract.ts'
import type { Ephemeral, Message, Person, ShownView } from './records.ts'
import { elementsIn } from './people/input-values.ts'
import { isFields } from '../../mesh/fields.ts'
import { compareTs } from './workspace.ts'

type Seen = Message | Ephemeral | ShownView

const labelOf = (value: unknown): string => (isFields(value) && typeof value.text === 'string' ? value.text : '')
const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** The buttons that stand somewhere, each with its action_id. */
const buttonsOf = ({ blocks }: Seen): readonly { readonly label: string; readonly action: string }[] =>
  elementsIn(blocks).flatMap(({ element }) =>
    element.type === 'button' ? [{ label: labelOf(element.text), action: String(element.action_id) }] : [],
  )

/**
 * Does what a line says, as a person at the stand-in would, the first one unless it ends in `as NAME`: `click Approve as second` presses the newest
 * button of that label that the person sees, `submit reason="not now"` sends the window on top in (fields by their label; several values with
 * commas), `close` closes it, a line that begins with `@mesh-medic` mentions the bot, anything else is typed.
 * @throws Error that says what there is instead
 */
export const playLine = async (standIn: SlackStandIn, people: readonly Person[], typed: string): Promise<void> => {
  const [, before = typed, name] = /^(.*?)\s+as\s+@?([\w-]+)$/.exec(typed) ?? []
  const named = people.find((person) => name !== undefined && same(person.name, name))
  const [line, person] = named === undefined ? [typed, people[0]] : [before, named]
  const user = person?.id ?? ''
  const [, verb = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? []
  if (verb === 'click') return click(standIn, user, rest)
  if (verb === 'submit') return submit(standIn, user, rest)
  if (verb === 'close') return standIn.closeView(topOf(standIn, user))
  const { shownError } = line.startsWith('@')
    ? await standIn.mention(line, { user })
    : await standIn.type(line.startsWith('/') ? line : `/mesh ${line}`, { user })
  if (shownError !== undefined) throw new Error(shownError)
}

const click = async (standIn: SlackStandIn, user: string, label: string): Promise<void> => {
  const newestFirst = [...standIn.messages(), ...standIn.ephemerals(user)].toSorted((a, b) => compareTs(b.ts, a.ts))
  const places: readonly Seen[] = [...standIn.views(user).toReversed(), ...newestFirst]
  for (const place of places) {
    const button = buttonsOf(place).find((one) => same(one.label, label))
    if (button === undefined) continue
    const { shownError } = await standIn.click(place, button.action, { user })
    if (shownError !== undefined) throw new Error(shownError)
    return
  }
  const labels = [...new Set(places.flatMap((place) => buttonsOf(place).map((one) => one.label)))]
  throw new Error(`There is no button "${label}"${labels.length === 0 ? '' : `, only ${labels.join(', ')}`}.`)
}

const topOf = (standIn: SlackStandIn, user: string): ShownView => {
  const top = standIn.views(user).findLast(({ type }) => type === 'modal')
  if (top === undefined) throw new Error('No window is open.')
  return top
}

const submit = async (standIn: SlackStandIn, user: string, text: string): Promise<void> => {
  const view = topOf(standIn, user)
  const inputs = elementsIn(view.blocks).filter(({ block }) => block.type === 'input')
  const values = [...text.matchAll(/([\w-]+)=(?:"([^"]*)"|(\S+))/g)].map(
    ([, field = '', quoted, bare = '']): [string, string | readonly string[]] => {
      const input = inputs.find(({ block, blockId }) => same(labelOf(block.label), field) || same(blockId, field))
      if (input === undefined)
        throw new Error(
          `"${view.title}" has no field ${field}, only ${inputs.map(({ block }) => labelOf(block.label)).join(', ')}.`,
        )
      const value = quoted ?? bare
      return [input.blockId, String(input.element.type).startsWith('multi_') ? value.split(',') : value]
    },
  )
  const { shownError, errors } = await standIn.submitView(view, Object.fromEntries(values))
  const problem = shownError ?? Object.values(errors)[0]
  if (problem !== undefined) throw new Error(problem)
}
