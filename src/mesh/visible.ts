/** Control characters but tab and newline: a terminal obeys them, and they do nothing good in a message. */
// eslint-disable-next-line no-control-regex -- this is about them
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
/** Characters that are not seen or that turn the reading direction: soft hyphen, zero-width, bidi controls, tags, fillers. */
const INVISIBLE =
  // eslint-disable-next-line no-misleading-character-class -- each is meant by itself
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]/gu

const named = (char: string): string => `⟨U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`

/** Text from a cluster, a log or a person with every character visible: control characters become `�`, invisible ones their number. */
export const visible = (text: string): string => text.toWellFormed().replace(CONTROL, '�').replace(INVISIBLE, named)

/** A text of somebody else's within a line of ours: what ends a line is a space. */
export const oneLine = (text: string): string => text.replaceAll(/\s*[\n\v\f\r\u0085\u2028\u2029]\s*/g, ' ')
