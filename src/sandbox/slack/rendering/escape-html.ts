const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text for an attribute, as it is. */
export const attribute = (text: string): string => text.replace(/[&<>"']/g, (character) => HTML[character] ?? '')

/** Characters that turn the direction of what follows: shown by their numbers, so that text reads as it is stored. */
const DIRECTION = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g

/** Text for a page: nothing in it is markup, and nothing in it turns what stands beside it around. */
export const escapeHtml = (text: string): string =>
  attribute(text.replace(DIRECTION, (character) => `[U+${character.charCodeAt(0).toString(16).toUpperCase()}]`))
