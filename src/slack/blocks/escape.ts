/** Control characters but tab and newline: they do nothing good in a message. */
// eslint-disable-next-line no-control-regex -- this is about them
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
/** Characters that are not seen or that turn the reading direction: soft hyphen, zero-width, bidi controls, tags, fillers. */
const INVISIBLE =
  // eslint-disable-next-line no-misleading-character-class -- each is meant by itself
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]/gu

const named = (char: string): string => `⟨U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`

/** Text from a cluster, a log or a person with every character visible: control characters become `�`, invisible ones their number. */
export function clean(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, '\n').replace(CONTROL, '�').replace(INVISIBLE, named)
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
