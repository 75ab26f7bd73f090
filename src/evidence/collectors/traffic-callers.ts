import { UnseenError } from '../clients/clients.ts'
import type { Step } from '../step.ts'
import { briefly, PROMETHEUS_PATIENCE } from './prometheus-patience.ts'

/** The window in which a caller must have called, in seconds. */
const WINDOW = 900
/** Callers that are taken, those with most requests first. */
const MOST_CALLERS = 50

/** Asks Prometheus which workloads of the mesh send requests to a host, by what the proxies at both ends counted. */
export function trafficCallers(host: string, patience = PROMETHEUS_PATIENCE): Step<'traffic-callers'> {
  const expression = `topk(${MOST_CALLERS}, sum by (source_workload, source_workload_namespace) (rate(istio_requests_total{destination_service="${host}"}[${WINDOW}s])) > 0)`
  return {
    id: `traffic-callers ${host}`,
    kind: 'traffic-callers',
    group: 'traffic',
    title: `callers of ${host}`,
    source: `curl -G "$PROMETHEUS_URL/api/v1/query" --data-urlencode 'query=${expression}'`,
    async collect({ prometheus }, stop) {
      const signal = briefly(stop, patience)
      if (prometheus === undefined) throw new UnseenError('unavailable', 'no Prometheus is configured (PROMETHEUS_URL)')
      const rates = await prometheus.query(expression, signal)
      return rates
        .slice(0, MOST_CALLERS)
        .flatMap(({ metric: { source_workload: workload = '', source_workload_namespace: namespace = '' } }) =>
          // Envoy counts who has no proxy as unknown.
          workload === '' || workload === 'unknown'
            ? []
            : [{ workload, ...(namespace !== '' && namespace !== 'unknown' && { namespace }) }],
        )
    },
  }
}
