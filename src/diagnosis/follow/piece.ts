import { stringify } from 'yaml'
import { once } from '../../checks/facts/fact.ts'
import { redact } from '../../evidence/redaction.ts'

/** Parts of Envoy's configuration that say nothing of a request's way and would fill a page. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  '@type',
  'accessLog',
  'tracing',
  'configSource',
  'edsConfig',
  'stats',
  'statPrefix',
  'altStatName',
  'decorator',
  'retryHostPredicate',
  'hostSelectionRetryMaxAttempts',
  'commonTlsContext',
  'httpProtocolOptions',
  'typedExtensionProtocolOptions',
  'upgradeConfigs',
  'requestIdExtension',
  'setCurrentClientCertDetails',
  'listenerFiltersTimeout',
  'continueOnListenerFiltersTimeout',
  'transportSocketConnectTimeout',
  'maxGrpcTimeout',
  'filterStateObjectsToUpstream',
  'upstreamBindConfig',
  'cleanupInterval',
])
/** Lines of a piece that are shown, and characters of one. */
const MOST_LINES = 24
const MOST_WIDTH = 160

const slim = (key: string, value: unknown): unknown =>
  LEFT_OUT.has(key)
    ? undefined
    : (key === 'httpFilters' || key === 'listenerFilters') && Array.isArray(value)
      ? (value as (string | { name?: string })[]).map((one) => (typeof one === 'string' ? one : one.name))
      : value

/** A piece of configuration as short YAML, redacted; made once for a piece that many requests pass. */
export const quoteOf = (piece: unknown): string =>
  typeof piece === 'object' && piece !== null ? quotedOnce(piece) : quoted(piece)

function quoted(piece: unknown): string {
  const lines = stringify(JSON.parse(redact(JSON.stringify(piece, slim))), { lineWidth: 0 })
    .trimEnd()
    .split('\n')
  const shown =
    lines.length > MOST_LINES
      ? [...lines.slice(0, MOST_LINES - 1), `… ${lines.length - MOST_LINES + 1} more lines`]
      : lines
  return shown.map((line) => (line.length > MOST_WIDTH ? `${line.slice(0, MOST_WIDTH - 1)}…` : line)).join('\n')
}
const quotedOnce = once((piece: object) => quoted(piece))
