import type { Code } from './check.ts'

/** Codes that once were in use: links to them still exist, so none is ever given a new meaning. Each with what it was. */
export const RETIRED_CODES: Readonly<Partial<Record<Code, string>>> = {}
