import type { Report } from '../diagnosis/report.ts'
import { fromFqdn } from '../mesh/host.ts'

/** A link to another tool: its name, and its address with `{host}` and the like for what a report is about. */
export interface LinkTemplate {
  name: string
  url: string
}
/** A link as a report shows it. */
export interface Link {
  name: string
  url: string
}

/** Milliseconds before a diagnosis that a link shows. */
const BACK = 3600_000

/** What a link's address may hold between braces. */
export const PLACEHOLDERS = ['namespace', 'service', 'host', 'workload', 'from', 'to', 'query'] as const
const PLACEHOLDER = /\{(\w+)\}/g

/** What of an address is no placeholder that is known. */
export const unknownPlaceholders = (url: string): string[] =>
  [...url.matchAll(PLACEHOLDER)].flatMap(([, name = '']) =>
    (PLACEHOLDERS as readonly string[]).includes(name) ? [] : [name],
  )

/** The graph of a target's Service in a Kiali at this address. */
export const kialiGraph = (url: string): LinkTemplate => ({
  name: 'Kiali graph',
  url: `${url.replace(/\/+$/, '')}/console/graph/node/namespaces/{namespace}/services/{service}?duration=3600`,
})

/** Where a query can be run in another tool: the first link of the configuration that takes one, and nothing else that is not known. */
export function queryLink(
  query: string,
  { host, at }: { host?: string | undefined; at: string },
  templates: readonly LinkTemplate[],
): Link | undefined {
  const to = Date.parse(at)
  const takingOne = templates.filter(({ url }) => url.includes('{query}'))
  return filled(takingOne, { query, host, from: String(to - BACK), to: String(to) })[0]
}

type Values = Partial<Record<(typeof PLACEHOLDERS)[number], string | undefined>>

/** The links whose every placeholder is known. */
function filled(templates: readonly LinkTemplate[], values: Values): Link[] {
  const valueOf = (placeholder: string): string | undefined => values[placeholder as keyof Values]
  return templates
    .filter(({ url }) =>
      [...url.matchAll(PLACEHOLDER)].every(([, placeholder = '']) => valueOf(placeholder) !== undefined),
    )
    .map(({ name, url }) => ({
      name,
      url: url.replace(PLACEHOLDER, (_, placeholder: string) => encodeURIComponent(valueOf(placeholder) ?? '')),
    }))
}

/** The links of a report; one of which something is not known is left out. */
export function linksOf({ target, finishedAt }: Report, templates: readonly LinkTemplate[]): Link[] {
  const [host] = target.hosts.filter((one) => fromFqdn(one) !== undefined)
  const to = Date.parse(finishedAt)
  const workload = ['Deployment', 'StatefulSet', 'DaemonSet'].includes(target.ref.kind) ? target.ref.name : undefined
  return filled(templates, {
    namespace: target.namespace === '' ? undefined : target.namespace,
    service: target.services[0]?.name,
    host,
    workload: workload ?? target.services[0]?.name,
    from: String(to - BACK),
    to: String(to),
    query:
      host === undefined
        ? undefined
        : `sum by (reporter, response_code, response_flags) (rate(istio_requests_total{destination_service=${JSON.stringify(host)}}[2m]))`,
  })
}
