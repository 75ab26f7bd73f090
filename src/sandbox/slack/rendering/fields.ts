import type { Fields } from '../records.ts'
import { isFields } from '../../../mesh/fields.ts'

/** The objects in a field that should hold a list. */
export const listIn = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isFields) : [])

/** The object in a field, or an empty one. */
export const objectIn = (value: unknown): Fields => (isFields(value) ? value : {})

/** The string in a field, or an empty one. */
export const textIn = (value: unknown): string => (typeof value === 'string' ? value : '')
