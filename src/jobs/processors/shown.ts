import type { Seen } from '../../evidence/reading.ts'
import type { KubernetesObject } from '../../mesh/objects.ts'
import type { Report } from '../../diagnosis/report.ts'
import { failed } from '../../mesh/access-log.ts'

const NAMES = 5

const count = (many: number, one: string, more = `${one}s`): string => `${many} ${many === 1 ? one : more}`

function counted(values: readonly string[]): string {
  const tally = new Map<string, number>()
  for (const value of values) tally.set(value, (tally.get(value) ?? 0) + 1)
  return [...tally].toSorted(([, a], [, b]) => b - a).slice(0, NAMES).map(([value, many]) => `${value} ${many}`).join(', ')
}

function named(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  const shown = names.slice(0, NAMES).join(', ')
  return `${names.length}: ${shown}${names.length > NAMES ? ` and ${names.length - NAMES} more` : ''}`
}

/** What a reading showed, in at most a line; a piece of the answer, not the evidence itself. */
export function whatItShowed(reading: Seen): string {
  switch (reading.kind) {
    case 'proxy-status': {
      const rejected = reading.value.filter(({ types }) => types.some(({ status }) => status === 'ERROR'))
      const stale = reading.value.filter(({ types }) => types.some(({ status }) => status === 'STALE'))
      return `${count(reading.value.length, 'proxy', 'proxies')} connected, ${rejected.length} refused something, ${stale.length} stale`
    }
    case 'analyzer-messages':
      return reading.value.length === 0 ? 'no messages' : `${count(reading.value.length, 'message')}: ${counted(reading.value.map(({ code }) => code))}`
    case 'pod-description':
      return reading.value.split('\n').find((line) => line.trim() !== '')?.trim() ?? 'nothing'
    case 'access-log': {
      const bad = reading.value.lines.filter(failed)
      const flags = counted(bad.flatMap((line) => (line.flags.length > 0 ? line.flags : [String(line.code)])))
      return `${count(reading.value.lines.length, 'request')}, ${bad.length} failed${flags === '' ? '' : ` (${flags})`}`
    }
    case 'traffic':
      return reading.value.rates.length === 0 ? 'no requests' : counted(reading.value.rates.map(({ code, flags }) => `${code} ${flags}`))
    case 'listeners':
    case 'routes':
    case 'clusters':
      return count(reading.value.length, reading.kind.slice(0, -1))
    case 'endpoints':
      return `endpoints of ${count(reading.value.length, 'cluster')}`
    case 'events':
      return count(reading.value.length, 'event')
    default:
      return named((reading.value as readonly KubernetesObject[]).map(({ metadata }) => metadata.name))
  }
}

/** What each step of a report's plan showed, by the step's id; for a step that saw nothing, why. */
export function shownBySteps(report: Report): Record<string, string> {
  const bySource = new Map(report.readings.map((reading) => [reading.source, reading]))
  return Object.fromEntries(report.plan.flatMap(({ id, command }) => {
    const reading = bySource.get(command)
    if (reading === undefined) return []
    return [[id, reading.ok ? whatItShowed(reading) : `${reading.reason}: ${reading.detail}`]]
  }))
}
