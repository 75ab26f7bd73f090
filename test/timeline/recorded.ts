import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { textLog, type LogBytes } from '../../src/timeline/log-bytes.ts'

const textOf = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`logs/${name}.log`, import.meta.url)), 'utf8')

/** Chapter 10's slow pod on Istio 1.31: the gateway's debug log and the sidecar's, around one request that got 504. */
export const GATEWAY = textOf('lab-ingress')
export const SIDECAR = textOf('lab-sidecar')
/** The same on Istio 1.16, with tabs pasted as spaces and an access log in JSON. */
export const OLD_GATEWAY = textOf('istio-1.16-ingress')
/** The request's ids in them. */
export const REQUEST_ID = '633b3bf2-46e2-41c5-a796-ad2ccb924f12'

/** Other ways a request ends, on Istio 1.31: the gateway's log and the sidecar's, which log `conn_handler` and `rbac` too. */
export const recordedPair = (name: string): LogBytes[] =>
  (['gateway', 'sidecar'] as const).map((role) => textLog(role, textOf(`${name}-${role}`), role))

/** One recorded log by its name. */
export const recordedLog = (name: string): LogBytes => textLog(name, textOf(name))

export const gateway = (text = GATEWAY): LogBytes => textLog('ingress', text)
export const sidecar = (text = SIDECAR): LogBytes => textLog('sidecar', text)

/** Messages of a recorded log, each with the lines below it. */
function messages(log: string): string[] {
  const all: string[] = []
  for (const line of log.split('\n')) {
    if (/^['\t]/.test(line)) all.push(`${all.pop() ?? ''}\n${line}`)
    else all.push(line)
  }
  return all
}

const ENVOY = /^(\S+)\t(\w+)\tenvoy (\S+) (\S+)\t(.*?)(?:\n?\tthread=(\d+))$/s

/** A recorded log as the same proxy writes it with `--log_as_json` (the format of Istio's bootstrap). */
export const asJson = (log: string): string =>
  messages(log)
    .map((message) => {
      const [, time, level, logger, caller, msg, thread] = ENVOY.exec(message) ?? []
      return time === undefined
        ? message
        : JSON.stringify({ level, time, scope: `envoy ${logger ?? ''}`, msg, caller, thread })
    })
    .join('\n')

/** A recorded log in Envoy's own format (its default `--log-format`). */
export const asEnvoys = (log: string): string =>
  messages(log)
    .map((message) => {
      const [, time = '', level = '', logger = '', caller = '', msg = '', thread = ''] = ENVOY.exec(message) ?? []
      return time === ''
        ? message
        : `[${time.slice(0, 10)} ${time.slice(11, 26)}][${thread}][${level}][${logger}] [${caller}] ${msg}`
    })
    .join('\n')

/** A recorded log with the short ids of versions before 1.20. */
export const withShortIds = (log: string): string =>
  log.replace(/\[Tags: "ConnectionId":"(\d+)"(?:,"StreamId":"(\d+)")?\]/g, (_, connection: string, stream?: string) =>
    stream === undefined ? `[C${connection}]` : `[C${connection}][S${stream}]`,
  )

/** A recorded log whose lines do not name their thread. */
export const withoutThreads = (log: string): string => log.replace(/\n?\tthread=\d+$/gm, '')
