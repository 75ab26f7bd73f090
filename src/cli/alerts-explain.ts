import { readFileSync, statSync } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'
import type { AlertSource } from '../alerts/alert.ts'
import { explainNotification, type ExplainedAlert } from '../alerts/explain.ts'
import { explainText } from '../alerts/explain-text.ts'
import type { KnownRule } from '../alerts/find-target.ts'
import { parseNotification, sourceOf } from '../alerts/parse-notification.ts'
import { alertRoutingOf } from '../config/alert-routing.ts'
import { loadConfig } from '../config.ts'
import { prometheusApi } from '../evidence/clients/prometheus.ts'
import type { PrometheusConnection } from '../evidence/clients/prometheus-connection.ts'
import { UnseenError } from '../evidence/clients/clients.ts'
import { UserError } from '../mesh/user-error.ts'
import { EXIT } from './exit-codes.ts'
import { answer, remark } from './output.ts'
import { prometheusOf } from './prometheus.ts'

export interface ExplainOptions {
  source?: AlertSource
  output: 'text' | 'json'
}

/** Bytes of a payload. */
const MOST = 16 * 1024 * 1024
const RULES_WITHIN = 10_000

/** `mesh-medic alerts explain`: target and channel of each alert of a payload; answers 0, or 3 where one has no target or no channel. */
export async function explainAlerts(file: string, { source: said, output }: ExplainOptions): Promise<number> {
  const body = await bodyOf(file)
  const source = said ?? sourceOf(body)
  if (source === undefined)
    throw new UserError({
      why: 'This is none of the payloads that are understood: Alertmanager (version 4), Grafana (version 1), PagerDuty (V3).',
      remedies: ['Say who sent it with --source, to be told what does not fit.'],
    })
  const notification = parseNotification(source, body)
  const config = loadConfig(process.env)
  const needsRules = notification.alerts.some(({ labels }) => (labels.sloth_id ?? labels.slo ?? '') !== '')
  const prometheus = prometheusOf(config, config.cluster === undefined ? undefined : config.clusters[config.cluster])
  const rules = needsRules && prometheus !== undefined ? await rulesOf(prometheus) : undefined
  const explained = explainNotification(
    notification,
    { mapping: config.alerts.mapping ?? [], rules },
    alertRoutingOf(config),
  )
  await answer(
    output === 'json'
      ? `${JSON.stringify({ source, receiver: notification.receiver, noNews: notification.noNews, alerts: explained.map(asJson) }, null, 2)}\n`
      : explainText(notification, explained),
  )
  return explained.every(({ target, route }) => target !== undefined && route.channel !== undefined)
    ? EXIT.healthy
    : EXIT.unclear
}

async function bodyOf(file: string): Promise<unknown> {
  let text: string
  try {
    if (file !== '-' && statSync(file).size > MOST) throw new Error('it is larger than 16 MiB')
    text = file === '-' ? await readAll(process.stdin) : readFileSync(file, 'utf8')
  } catch (error) {
    throw new UserError(
      { why: `${file} could not be read: ${error instanceof Error ? error.message : String(error)}` },
      { cause: error },
    )
  }
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new UserError(
      {
        why: `${file === '-' ? 'Standard input' : file} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      },
      { cause: error },
    )
  }
}

/** Rules of Prometheus; said and done without where it does not answer. */
async function rulesOf(connection: PrometheusConnection): Promise<KnownRule[] | undefined> {
  try {
    return await prometheusApi(connection).rules(AbortSignal.timeout(RULES_WITHIN))
  } catch (error) {
    if (!(error instanceof UnseenError)) throw error
    remark(`The rules behind objectives were not read: ${error.message}`)
    return undefined
  }
}

const asJson = ({ alert, target, tried, symptom, route }: ExplainedAlert): object => ({
  name: alert.name,
  status: alert.status,
  startsAt: alert.startsAt,
  fingerprint: alert.fingerprint,
  target,
  symptom,
  route,
  tried,
})
