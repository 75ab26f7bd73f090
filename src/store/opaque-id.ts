import { createHash, randomBytes } from 'node:crypto'

const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'

/** An id that tells nothing and cannot be guessed: 20 letters and digits (100 random bits; no l, o, 0, 1). */
export const opaqueId = (): string => lettersOf(randomBytes(20))

/** As opaqueId, the same for the same text. */
export const derivedId = (text: string): string => lettersOf(createHash('sha256').update(text).digest().subarray(0, 20))

const lettersOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => ALPHABET.charAt(byte & 31)).join('')
