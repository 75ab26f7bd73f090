import { redact, withoutSecrets } from '../evidence/redaction.ts'
import type { Timeline } from '../timeline/timeline.ts'

/** A timeline for programs: times in microseconds since the epoch, each line of a log once and redacted. */
export const timelineJson = ({ legs, ...rest }: Timeline): Record<string, unknown> =>
  withoutSecrets({
    ...rest,
    legs: legs.map(({ entries, ...leg }) => ({
      ...leg,
      lines: entries.map(({ at, raw }) => ({ at, raw: redact(raw) })),
    })),
  })
