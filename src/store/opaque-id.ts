import { randomBytes } from 'node:crypto'

const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'

/** An id that tells nothing and cannot be guessed: 20 letters and digits (100 random bits; no l, o, 0, 1). */
export function opaqueId(): string {
  return Array.from(randomBytes(20), (byte) => ALPHABET.charAt(byte & 31)).join('')
}
