import type { Report } from './report.ts'

/** The report as JSON output shows it: readings without what they hold (a proxy's configuration is megabytes), all else as it is. */
export function reportJson(report: Report): Record<string, unknown> {
  const { readings, ...rest } = report
  return {
    ...rest,
    readings: readings.map((reading) => {
      const { kind, of, source, at, ok } = reading
      return { kind, ...(of !== undefined && { of }), source, at, ok, ...(!reading.ok && { reason: reading.reason, detail: reading.detail, ...(reading.permission !== undefined && { permission: reading.permission }) }) }
    }),
  }
}
