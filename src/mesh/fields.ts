/** Fields of an object, as JSON or YAML. */
export type Fields = Record<string, unknown>

/** Whether a value has fields: no list, no text, not null. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
