import type { Workspace } from '../workspace.ts'

/** Names for ids, for showing mentions. */
export interface Names {
  person(id: string): string
  channel(id: string): string
  group(id: string): string
}

export const namesIn = (workspace: Workspace): Names => ({
  person: (id) => (id === workspace.app.userId ? workspace.app.name : (workspace.people.get(id)?.name ?? id)),
  channel: (id) => workspace.channels.get(id)?.name ?? id,
  group: (id) => workspace.groups.get(id)?.handle ?? id,
})

/** Emoji that a bot is likely to use; others are shown as `:name:`. */
const EMOJI: Readonly<Record<string, string>> = {
  arrow_right: '➡️',
  arrows_counterclockwise: '🔄',
  bulb: '💡',
  clock1: '🕐',
  eyes: '👀',
  fast_forward: '⏩',
  gear: '⚙️',
  grey_question: '❔',
  hammer_and_wrench: '🛠️',
  heavy_check_mark: '✔️',
  hourglass: '⌛',
  hourglass_flowing_sand: '⏳',
  information_source: 'ℹ️',
  large_blue_circle: '🔵',
  large_green_circle: '🟢',
  large_orange_circle: '🟠',
  large_red_circle: '🔴',
  large_yellow_circle: '🟡',
  leftwards_arrow_with_hook: '↩️',
  lock: '🔒',
  mag: '🔍',
  no_entry: '⛔',
  octagonal_sign: '🛑',
  question: '❓',
  rewind: '⏪',
  rotating_light: '🚨',
  see_no_evil: '🙈',
  stethoscope: '🩺',
  warning: '⚠️',
  white_check_mark: '✅',
  white_circle: '⚪',
  wrench: '🔧',
  x: '❌',
}

export const withEmoji = (text: string): string =>
  text.replace(/:([a-z0-9_+-]+):/g, (whole, name: string) => EMOJI[name] ?? whole)

/** Slack's three escapes, undone. */
export const unescape = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

/** What `<…>` in mrkdwn stands for: its text, and its address when it is a link. */
export const reference = (inner: string, names: Names): { readonly text: string; readonly href?: string } => {
  const [target = '', label] = inner.split('|', 2)
  if (target.startsWith('@')) return { text: `@${names.person(target.slice(1))}` }
  if (target.startsWith('#')) return { text: `#${label ?? names.channel(target.slice(1))}` }
  if (target.startsWith('!date^')) return { text: label ?? target }
  if (target.startsWith('!subteam^')) return { text: label ?? `@${names.group(target.slice('!subteam^'.length))}` }
  if (target.startsWith('!')) return { text: `@${label ?? target.slice(1)}` }
  return { text: label ?? target, href: target }
}

/** mrkdwn as plain text: emphasis without its marks, links as `label (address)`. */
export const mrkdwnToText = (mrkdwn: string, names: Names): string => {
  const linked = mrkdwn.replace(/<([^<>]+)>/g, (_whole, inner: string) => {
    const { text, href } = reference(inner, names)
    return href === undefined || href === text ? text : `${text} (${href})`
  })
  const plain = linked
    .split('`')
    .map((part, index) =>
      index % 2 === 0 ? part.replace(/(^|[\s(])([*_~])(\S(?:[^\n]*?\S)?)\2(?=$|[\s).,:;!?])/gm, '$1$3') : part,
    )
    .join('`')
  return unescape(withEmoji(plain))
}
