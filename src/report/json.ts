import type { Report } from '../diagnosis/report.ts'
import { defined } from '../mesh/defined.ts'

/** The report as JSON output shows it: readings without what they hold (a proxy's configuration is megabytes), all else as it is. */
export function reportJson(report: Report): Record<string, unknown> {
  const { readings, ...rest } = report
  return {
    ...rest,
    readings: readings.map((reading) => {
      const { kind, of, source, at, ok } = reading
      return {
        kind,
        ...defined({ of }),
        source,
        at,
        ok,
        ...(!reading.ok && {
          reason: reading.reason,
          detail: reading.detail,
          ...defined({ permission: reading.permission }),
        }),
      }
    }),
  }
}
