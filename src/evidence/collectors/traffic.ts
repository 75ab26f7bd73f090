import { UnseenError } from '../clients/clients.ts'
import type { Step } from '../step.ts'
import { briefly, PROMETHEUS_PATIENCE } from './prometheus-patience.ts'

/** The window of the rates, in seconds. */
const WINDOW = 300

/** Asks Prometheus how requests to a host were answered, as the callers' and the service's own proxies counted them. */
export function traffic(host: string, patience = PROMETHEUS_PATIENCE): Step<'traffic'> {
  const expression = `sum by (reporter, response_code, response_flags) (rate(istio_requests_total{destination_service="${host}"}[${WINDOW}s]))`
  return {
    id: `traffic ${host}`,
    kind: 'traffic',
    group: 'traffic',
    title: `request rates of ${host}`,
    source: `curl -G "$PROMETHEUS_URL/api/v1/query" --data-urlencode 'query=${expression}'`,
    async collect({ prometheus }, stop) {
      const signal = briefly(stop, patience)
      if (prometheus === undefined) throw new UnseenError('unavailable', 'no Prometheus is configured (PROMETHEUS_URL)')
      const rates = await prometheus.query(expression, signal)
      return {
        seconds: WINDOW,
        host,
        rates: rates
          .filter(({ value }) => value > 0 && Number.isFinite(value))
          .map(({ metric, value }) => ({
            reporter: metric.reporter ?? '',
            code: metric.response_code ?? '',
            flags: metric.response_flags ?? '',
            rate: value,
          })),
      }
    },
  }
}
