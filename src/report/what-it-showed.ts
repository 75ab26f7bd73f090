import type { Seen } from '../evidence/reading.ts'
import type { KubernetesObject } from '../mesh/objects.ts'
import type { Report } from '../diagnosis/report.ts'
import { countTraffic } from '../mesh/access-log.ts'

const NAMES = 5

const count = (many: number, one: string, more = `${one}s`): string => `${many} ${many === 1 ? one : more}`

function counted(values: readonly string[]): string {
  const tally = new Map<string, number>()
  for (const value of values) tally.set(value, (tally.get(value) ?? 0) + 1)
  return [...tally]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, NAMES)
    .map(([value, many]) => `${value} ${many}`)
    .join(', ')
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
      return reading.value.length === 0
        ? 'no messages'
        : `${count(reading.value.length, 'message')}: ${counted(reading.value.map(({ code }) => code))}`
    case 'pod-description': {
      const lines = reading.value
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '')
      const warnings = lines.filter((line) => /^warning/i.test(line))
      return warnings.length > 0 ? warnings.slice(0, 3).join('; ') : (lines[0] ?? 'nothing')
    }
    case 'access-log': {
      const { lines, unreadable, window } = reading.value
      const read =
        window === undefined
          ? ''
          : `; ${window.read.toLocaleString('en-US')} lines since ${window.since.slice(11, 19)} UTC were read (${(window.bytes / 1e6).toFixed(1)} MB)${window.begins === undefined ? '' : `; the log begins at ${window.begins.slice(11, 19)} UTC: earlier lines may have been rotated away`}`
      const groups = countTraffic(lines)
        .slice(0, NAMES)
        .map(
          ({ code, flags, upstreamHost, count: many }) =>
            `${many} × ${code} ${flags.join(',') || '-'}${upstreamHost === undefined ? '' : ` by ${upstreamHost}`}`,
        )
      return `${count(lines.length, 'request')}${groups.length === 0 ? '' : `: ${groups.join(', ')}`}${unreadable === 0 ? '' : `; ${count(unreadable, 'line')} could not be read`}${read}`
    }
    case 'probe':
      return reading.value.code === undefined
        ? (reading.value.failure ?? 'no answer')
        : `answered ${reading.value.code}`
    case 'secrets': {
      const missing = reading.value.filter(({ status }) => status !== 'ACTIVE')
      const [first] = reading.value.flatMap(({ certificates }) => certificates.map(({ notAfter }) => notAfter)).sort()
      return `${count(reading.value.length, 'certificate')}${first === undefined ? '' : `, valid until ${first.replace(/:\d\d\.\d+Z$/, 'Z')} or longer`}${missing.length === 0 ? '' : `, not had: ${missing.map(({ name }) => name).join(', ')}`}`
    }
    case 'istiod-log':
      return count(reading.value.length, 'warning')
    case 'istiod-pushes':
      return count(reading.value.length, 'change')
    case 'application-log':
      return reading.value.length === 0
        ? 'nothing of where it listens'
        : [
            ...new Set(
              reading.value.map(({ at, port }) => `port ${port}${at === 'loopback' ? ' of localhost only' : ''}`),
            ),
          ].join(', ')
    case 'other-objects': {
      const counts = reading.value.flatMap(({ resource, objects }) =>
        objects.length === 0 ? [] : `${objects.length} ${resource}`,
      )
      return counts.length === 0 ? 'none' : counts.join(', ')
    }
    case 'traffic-callers':
      return reading.value.length === 0
        ? 'no callers'
        : named(
            reading.value.map(({ workload, namespace }) =>
              namespace === undefined ? workload : `${namespace}/${workload}`,
            ),
          )
    case 'traffic':
      return reading.value.rates.length === 0
        ? 'no requests'
        : reading.value.rates
            .toSorted((a, b) => b.rate - a.rate)
            .slice(0, NAMES)
            .map(({ reporter, code, flags, rate }) => `${rate.toFixed(2)}/s ${code} ${flags || '-'} (${reporter})`)
            .join(', ')
    case 'traffic-history': {
      const { series, from, to, ahead } = reading.value
      const clocks =
        ahead === undefined ? '' : `; Prometheus's clock is ${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead'}`
      return `${series.length === 0 ? 'no requests' : count(series.length, 'kind of answer', 'kinds of answer')}, ${from.slice(11, 16)} to ${to.slice(11, 16)} UTC${clocks}`
    }
    case 'capture': {
      const { streamCount, findings } = reading.value
      return `${count(streamCount, 'TCP stream')}${findings.length === 0 ? '' : `: ${findings.map(({ check }) => check).join(', ')}`}`
    }
    case 'kiali-validations':
      return reading.value.validations.length === 0
        ? 'no messages'
        : `${count(reading.value.validations.length, 'message')}: ${counted(reading.value.validations.map(({ code }) => code))}`
    case 'kiali-health':
      return named(reading.value.apps.map(({ app, status }) => `${app} ${status}`))
    case 'ztunnel-config': {
      const { workloads, services, policies, captured } = reading.value
      return `${count(workloads.length, 'workload')}, ${count(services.length, 'service')}, ${count(policies.length, 'policy', 'policies')} of the mesh; ${count(captured.length, 'pod')} of its node`
    }
    case 'ztunnel-log': {
      const failed = reading.value.connections.filter(({ error }) => error !== undefined)
      return `${count(reading.value.connections.length, 'connection')}, ${failed.length} of them failed; ${count(reading.value.warnings.length, 'warning')}`
    }
    case 'listeners':
    case 'routes':
    case 'clusters':
      return count(reading.value.length, reading.kind.slice(0, -1))
    case 'endpoints': {
      const hosts = reading.value.flatMap(({ hostStatuses = [] }) => hostStatuses)
      const healthy = hosts.filter(
        ({ healthStatus }) =>
          (healthStatus?.edsHealthStatus ?? 'HEALTHY') === 'HEALTHY' && healthStatus?.failedOutlierCheck !== true,
      )
      return `${count(hosts.length, 'endpoint')} of ${count(reading.value.length, 'cluster')}, ${hosts.length - healthy.length} of them unhealthy`
    }
    case 'events':
      return count(reading.value.length, 'event')
    default:
      return named((reading.value as readonly KubernetesObject[]).map(({ metadata }) => metadata.name))
  }
}

/** What each step of a report's plan showed, by the step's id; for a step that saw nothing, why. */
export function shownBySteps(report: Report): Record<string, string> {
  const bySource = new Map(report.readings.map((reading) => [reading.source, reading]))
  return Object.fromEntries(
    report.plan.flatMap(({ id, command }) => {
      const reading = bySource.get(command)
      if (reading === undefined) return []
      return [[id, reading.ok ? whatItShowed(reading) : `${reading.reason}: ${reading.detail}`]]
    }),
  )
}
