import type { SlackStandIn } from './contract.ts'
import type { Ephemeral, Message } from './records.ts'
import { blockLines } from './rendering/lines.ts'
import { mrkdwnToText, type Names } from './rendering/mrkdwn.ts'

/** What a person would read of a message, line by line: its blocks, or its text when it has none. */
export const messageLines = (message: Pick<Message | Ephemeral, 'text' | 'blocks'>, names: Names): readonly string[] =>
  message.blocks.length > 0 ? blockLines(message.blocks, names) : mrkdwnToText(message.text, names).split('\n')

/** Lines of `after` that `before` doesn't have, counting repetitions. */
const newLines = (before: readonly string[], after: readonly string[]): readonly string[] => {
  const left = new Map<string, number>()
  for (const line of before) left.set(line, (left.get(line) ?? 0) + 1)
  return after.filter((line) => {
    const count = left.get(line) ?? 0
    if (count > 0) left.set(line, count - 1)
    return count === 0
  })
}

/**
 * Writes what happens in the channels as it happens: new messages whole, updates as their changed lines only (a message
 * that follows a run is updated often), replies indented under the number of their thread.
 * @param write gets whole lines, each with its "\n"
 * @returns a function that stops it
 */
export const showThreads = (standIn: SlackStandIn, write: (text: string) => void): (() => void) => {
  const { names } = standIn
  const threads = new Map<string, number>()
  const numberOf = (message: Message): number => {
    const parent = `${message.channel} ${message.threadTs ?? message.ts}`
    const known = threads.get(parent) ?? threads.size + 1
    threads.set(parent, known)
    return known
  }
  const show = (heading: string, lines: readonly string[], indent: string): void => {
    const shown = lines.filter((line, index) => line !== '' || (index > 0 && index < lines.length - 1))
    write([`${indent}${heading}`, ...shown.map((line) => `${indent}  ${line}`), ''].join('\n'))
  }
  const place = (message: Message): { readonly heading: string; readonly indent: string } => ({
    heading: `#${names.channel(message.channel)} (${numberOf(message)})`,
    indent: message.threadTs === undefined ? '' : '    ',
  })
  const stops = [
    standIn.on('message', ({ message }) => {
      const { heading, indent } = place(message)
      const files = message.files.map((file) => `[file ${file.name}, ${file.bytes.length} bytes]`)
      const said = message.text === '' && message.blocks.length === 0 ? [] : messageLines(message, names)
      show(`${heading} ${names.person(message.user)}:`, [...said, ...files], indent)
    }),
    standIn.on('update', ({ before, message }) => {
      const { heading, indent } = place(message)
      const lines = newLines(messageLines(before, names), messageLines(message, names))
      if (lines.length > 0)
        show(
          `${heading} changed:`,
          lines.map((line) => `~ ${line}`),
          indent,
        )
    }),
    standIn.on('delete', ({ message }) => {
      const { heading, indent } = place(message)
      show(`${heading} deleted`, [], indent)
    }),
    standIn.on('ephemeral', ({ ephemeral }) => {
      show(
        `#${names.channel(ephemeral.channel)} only for ${names.person(ephemeral.user)}:`,
        messageLines(ephemeral, names),
        '',
      )
    }),
    standIn.on('view', ({ view, became }) => {
      if (became === 'closed') return
      show(
        `[${view.title === '' ? 'Home' : view.title}] shown to ${names.person(view.user)}:`,
        blockLines(view.blocks, names),
        '',
      )
    }),
  ]
  return () => stops.forEach((stop) => stop())
}
