import { addingFilters, patching } from '../../follow/envoy-filters.ts'
import type { Case, Lead } from '../lead.ts'
import { value } from '../lead.ts'
import { lead, makersOf, routesOf, times, type Sign } from './sign.ts'

/** A filter that an EnvoyFilter put there answered, or a route did. */
export function answeredOnTheWay(sign: Sign, { evidence, followed: { way } }: Case): Lead[] {
  const { entry, at } = sign
  const { details = '', flags, code } = entry
  const isLimit = details.includes('rate_limit') || flags.includes('RL')
  if (isLimit || /^(lua|wasm|ext_proc|buffer|request_payload|filter)/.test(details)) {
    if (at === undefined) return []
    const names = isLimit
      ? ['envoy.filters.http.local_ratelimit', 'envoy.filters.http.ratelimit']
      : [
          'envoy.filters.http.lua',
          'envoy.lua',
          'envoy.filters.http.wasm',
          'envoy.filters.http.ext_proc',
          'envoy.filters.http.buffer',
        ]
    const adding = addingFilters(names, at, evidence)
    const found =
      adding.length > 0
        ? adding
        : patching(
            ['HTTP_FILTER', 'HTTP_ROUTE', 'VIRTUAL_HOST', 'ROUTE_CONFIGURATION'],
            'SIDECAR_INBOUND',
            at,
            evidence,
          )
    return found.map((subject) =>
      lead(
        'MESH0531',
        subject,
        `a filter that it adds to ${value(at.metadata.name)} answered ${times(sign)} ${value(code)} (${value(details)})`,
        'Raise its limit, or remove the filter',
      ),
    )
  }
  if (details === 'direct_response' || details.includes('fault_filter_abort') || flags.includes('FI')) {
    const makers = makersOf(routesOf(sign, way), way)
    const what = details === 'direct_response' ? 'its route answers' : 'the fault that it injects answers'
    return makers.map((subject) =>
      lead('MESH0131', subject, `${what} ${value(code)} itself: ${times(sign)}`, 'Make its route forward the requests'),
    )
  }
  return []
}
