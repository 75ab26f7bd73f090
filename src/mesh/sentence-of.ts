/** What somebody else says as a sentence of its own: with a full stop, unless it ends already. */
export const sentenceOf = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`)
