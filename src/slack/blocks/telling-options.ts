import type { Check } from '../../checks/check.ts'
import type { LinkTemplate } from '../../report/links.ts'

/** How findings are shown: by which checks, and where their pages are. */
export interface TellingOptions {
  checks: readonly Check[]
  /** Findings link to `<docsUrl>/CODE.md`; without it they don't. */
  docsUrl?: string
  /** Other tools that a report links to. */
  links?: readonly LinkTemplate[]
}
