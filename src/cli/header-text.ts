const PRINTABLE = /^[\x21-\x7e]+$/

/** True for a token that a header of HTTP may hold: an error about another one would show it. */
export const isHeaderText = (text: string): boolean => PRINTABLE.test(text)
