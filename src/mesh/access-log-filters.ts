import { readerOf, type LineReader } from './access-log-format.ts'
import { isFields, type Fields } from './fields.ts'
import type { EnvoyFilter } from './objects.ts'

/** An access log that an EnvoyFilter adds or changes, to a file that `kubectl logs` shows. */
export interface FilterLog {
  /** Undefined when its format does not say when and what was answered, or cannot be taken apart. */
  reader?: LineReader
}

/** What of a proxy ends up in its log. */
const OUTPUTS: readonly unknown[] = ['/dev/stdout', '/dev/stderr']
const OUTPUT_TYPE = /\.(?:StdoutAccessLog|StderrAccessLog)$/
/** What Envoy writes where no format is given (Envoy documentation, "Access logging": default format string). */
const ENVOYS_OWN =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"'
/** Deeper than Envoy's configuration goes. */
const DEEPEST = 12

/** Either name of a field: Envoy's own, or that of protobuf's JSON form. */
const either = (fields: Fields, name: string, other: string): unknown => fields[name] ?? fields[other]

/** The access logs that an EnvoyFilter sets for what proxies write to their output, with readers of their formats (Envoy documentation, "File access log"). */
export const filterLogs = ({ spec }: EnvoyFilter): FilterLog[] =>
  (spec?.configPatches ?? []).flatMap(({ patch }) => logsIn(patch?.value, 0))

function logsIn(value: unknown, depth: number): FilterLog[] {
  if (depth > DEEPEST) return []
  if (Array.isArray(value)) return value.flatMap((one) => logsIn(one, depth + 1))
  if (!isFields(value)) return []
  const logs = either(value, 'access_log', 'accessLog')
  const own = Array.isArray(logs) ? logs.flatMap(logOf) : []
  const inner = Object.entries(value).filter(([key]) => key !== 'access_log' && key !== 'accessLog')
  return [...own, ...inner.flatMap(([, one]) => logsIn(one, depth + 1))]
}

function logOf(log: unknown): FilterLog[] {
  if (!isFields(log)) return []
  const config = either(log, 'typed_config', 'typedConfig')
  if (!isFields(config)) return []
  const type = config['@type']
  if (!OUTPUTS.includes(config.path) && !(typeof type === 'string' && OUTPUT_TYPE.test(type))) return []
  const reader = readerOf(formatOf(config) ?? ENVOYS_OWN)
  return [reader === undefined ? {} : { reader }]
}

/** The format of a file's log; `format` and `json_format` of its own are what they were before Envoy 1.18. */
function formatOf(config: Fields): unknown {
  const log = either(config, 'log_format', 'logFormat')
  if (!isFields(log))
    return (
      config.format ??
      either(config, 'json_format', 'jsonFormat') ??
      either(config, 'typed_json_format', 'typedJsonFormat')
    )
  const source = either(log, 'text_format_source', 'textFormatSource')
  return (
    either(log, 'text_format', 'textFormat') ??
    (isFields(source) ? either(source, 'inline_string', 'inlineString') : undefined) ??
    either(log, 'json_format', 'jsonFormat')
  )
}
