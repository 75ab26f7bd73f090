import { visible } from '../../mesh/visible.ts'

/** Text from a cluster, a log or a person with every character visible: control characters become `�`, invisible ones their number. */
export function clean(text: string): string {
  return visible(text.replace(/\r\n?/g, '\n'))
}

/** Text that means nothing to Slack's mrkdwn: no mention, no link (Slack: "Escaping text"). */
export function escapeMrkdwn(text: string): string {
  return clean(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}

/** Text as a mrkdwn code span, on one line; a back-tick in it cannot end it. */
export function codeSpan(text: string): string {
  const line = escapeMrkdwn(text).replace(/\s+/g, ' ').replace(/`/g, 'ˋ').trim()
  return `\`${line === '' ? ' ' : line}\``
}

/** The first `most` characters, with a notice of how many there were; never half a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  const notice = ` … (cut: ${text.length.toLocaleString('en')} characters)`
  return (
    text
      .slice(0, Math.max(0, most - notice.length))
      .toWellFormed()
      .replace(/�$/, '') + notice
  )
}

/** The first `most` characters without a notice, for labels. */
export function shorten(text: string, most: number): string {
  return text.length <= most
    ? text
    : `${text
        .slice(0, most - 1)
        .toWellFormed()
        .replace(/�$/, '')}…`
}
