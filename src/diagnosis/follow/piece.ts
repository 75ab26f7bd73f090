import { stringify } from 'yaml'
import { redact, REDACTED } from '../../evidence/redaction.ts'
import { withoutNamedValues } from '../../evidence/redaction/named-values.ts'

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

/** Quotes by what they quote: classes of one caller pass the same pieces, and writing one as YAML takes longer than a hop. */
const made = new Map<string, string>()
/** Quotes that are kept, and characters of what they quote; those made first go first. */
const MOST_KEPT = 100
const LONGEST_KEPT = 50_000

/** A piece of configuration as short YAML, redacted. */
export function quoteOf(piece: unknown): string {
  const text = JSON.stringify(withoutNamedValues(piece, REDACTED), slim)
  const known = made.get(text)
  if (known !== undefined) return known
  const quote = yamlOf(text)
  if (text.length <= LONGEST_KEPT) made.set(text, quote)
  const [oldest] = made.size > MOST_KEPT ? made.keys() : []
  if (oldest !== undefined) made.delete(oldest)
  return quote
}

function yamlOf(text: string): string {
  const lines = stringify(JSON.parse(redact(text)), { lineWidth: 0 })
    .trimEnd()
    .split('\n')
  const shown =
    lines.length > MOST_LINES
      ? [...lines.slice(0, MOST_LINES - 1), `… ${lines.length - MOST_LINES + 1} more lines`]
      : lines
  return shown.map((line) => (line.length > MOST_WIDTH ? `${line.slice(0, MOST_WIDTH - 1)}…` : line)).join('\n')
}
