import type { Finding } from '../../checks/check.ts'

/** A fact of a finding that is a list; a single one is a list of one. */
export const listArg = ({ args }: Finding, name: string): string[] => [args[name] ?? []].flat().map(String)

/** A fact of a finding as text; empty when it has none. */
export const textArg = (finding: Finding, name: string): string => listArg(finding, name).join(', ')
