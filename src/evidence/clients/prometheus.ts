import type { PrometheusAnswer, PrometheusRulesAnswer } from '../answers.ts'
import type { Prometheus } from './clients.ts'
import { UnseenError } from './clients.ts'
import { answered } from './answered.ts'
import { oneLine } from '../../mesh/visible.ts'
import { redact } from '../redaction.ts'
import { beginningOf, ByteBudget, textOf } from './byte-budget.ts'
import { isPage, PrometheusHttp, refused, unreachable, type PrometheusConnection } from './prometheus-connection.ts'

/** Bytes of an answer: rates by code and workload. */
const MOST_ANSWER = 16 * 1024 * 1024
const MOST_ERROR = 1024

/** Labels as they fit into a line. */
const lined = (metric: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(metric).map(([label, text]) => [label, oneLine(text)]))

/** Asks a Prometheus (or anything with its HTTP API). */
export function prometheusApi(connection: PrometheusConnection, budget = new ByteBudget()): Required<Prometheus> {
  const base = connection.url.replace(/\/$/, '')
  const http = new PrometheusHttp(connection)

  async function ask(
    path: 'query' | 'query_range',
    parameters: Record<string, string>,
    signal: AbortSignal,
  ): Promise<NonNullable<NonNullable<PrometheusAnswer['data']>['result']>> {
    const body = await fetched(path, new URLSearchParams(parameters), signal)
    const { status, error, data, warnings = [], isPartial } = answered('prometheus', body as PrometheusAnswer)
    requireSuccess(status, error)
    requireWhole(isPartial === true ? ['some of its storage did not answer'] : warnings)
    return data?.result ?? []
  }

  /** @param parameters absent for what is only got */
  async function fetched(path: string, parameters: URLSearchParams | undefined, signal: AbortSignal): Promise<unknown> {
    let response: Response
    let text = ''
    const reading = budget.begin('the answer of Prometheus', { most: MOST_ANSWER, signal })
    try {
      const url = `${base}/api/v1/${path}`
      response = await (parameters === undefined ? http.get(url, signal) : http.post(url, parameters, signal))
      if (response.body !== null)
        text = response.ok ? await textOf(response.body, reading) : await beginningOf(response.body, MOST_ERROR)
    } catch (error) {
      if (error instanceof UnseenError) throw error
      if (signal.aborted) throw new UnseenError('timeout', 'Prometheus did not answer in time', { cause: error })
      throw unreachable(error, connection)
    } finally {
      reading.drop()
    }
    if (!response.ok) throw refused(response, text, connection.credentials !== undefined)
    try {
      return JSON.parse(text) as unknown
    } catch (error) {
      throw new UnseenError(
        'unparsable',
        isPage(text)
          ? 'Prometheus answered with a page instead of JSON: does PROMETHEUS_URL lead to Prometheus, or to a login?'
          : 'Prometheus answered something that is not JSON',
        { cause: error },
      )
    }
  }

  return {
    query: async (expression, signal) =>
      (await ask('query', { query: expression }, signal)).map(({ metric = {}, value }) => ({
        metric: lined(metric),
        value: Number(value?.[1] ?? 'NaN'),
      })),
    range: async (expression, { from, to, step }, signal) => {
      const [first, last] = [Date.parse(from) - step * 1000, Date.parse(to) + step * 1000]
      return (await ask('query_range', { query: expression, start: from, end: to, step: String(step) }, signal)).map(
        ({ metric = {}, values = [] }) => ({
          metric: lined(metric),
          points: values
            .map(([seconds, value]) => ({ at: seconds * 1000, value: Number(value) }))
            // Nobody asked for others.
            .filter(({ at }) => at >= first && at <= last),
        }),
      )
    },
    async rules(signal) {
      const body = await fetched('rules', undefined, signal)
      const { status, error, data } = answered('prometheus rules', body as PrometheusRulesAnswer)
      requireSuccess(status, error)
      return (data?.groups ?? []).flatMap(({ rules = [] }) =>
        rules.map(({ name = '', query = '', labels = {} }) => ({ name, query, labels })),
      )
    },
  }
}

function requireSuccess(status: string | undefined, error: string | undefined): void {
  if (status === 'error')
    throw new UnseenError('unavailable', `Prometheus answered: ${oneLine(redact(error ?? 'an error')).slice(0, 300)}`)
}

/** Thanos, VictoriaMetrics and others answer without what they could not reach: fewer requests and fewer failures than there were. */
function requireWhole(warnings: readonly string[]): void {
  const left = warnings.find((one) => !one.startsWith('PromQL'))
  if (left !== undefined)
    throw new UnseenError(
      'unavailable',
      `Prometheus answered without a part of its data: ${oneLine(redact(left)).slice(0, 300)}`,
    )
}
