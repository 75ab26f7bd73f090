import type { PrometheusAnswer } from '../answers.ts'
import type { Prometheus } from './clients.ts'
import { UnseenError } from './clients.ts'
import { answered } from './answered.ts'
import { beginningOf, ByteBudget, textOf } from './byte-budget.ts'

/** Bytes of an answer: rates by code and workload. */
const MOST_ANSWER = 16 * 1024 * 1024
const MOST_ERROR = 1024

/** Asks a Prometheus (or anything with its HTTP API) at a base URL. */
export function prometheusApi(url: string, budget = new ByteBudget()): Prometheus {
  return {
    async query(expression, signal) {
      let response: Response
      let text = ''
      const reading = budget.begin('the answer of Prometheus', { most: MOST_ANSWER, signal })
      try {
        response = await fetch(`${url.replace(/\/$/, '')}/api/v1/query`, {
          method: 'POST',
          body: new URLSearchParams({ query: expression }),
          signal,
        })
        if (response.body !== null)
          text = response.ok ? await textOf(response.body, reading) : await beginningOf(response.body, MOST_ERROR)
      } catch (error) {
        if (error instanceof UnseenError) throw error
        if (signal.aborted) throw new UnseenError('timeout', 'Prometheus did not answer in time', { cause: error })
        throw new UnseenError(
          'unavailable',
          `Prometheus could not be reached (${error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)})`,
          { cause: error },
        )
      } finally {
        reading.drop()
      }
      if (!response.ok)
        throw new UnseenError('unavailable', `Prometheus answered ${response.status}: ${text.slice(0, 300)}`)
      let body: PrometheusAnswer
      try {
        body = JSON.parse(text) as typeof body
      } catch (error) {
        throw new UnseenError('unparsable', 'Prometheus answered something that is not JSON', { cause: error })
      }
      return (answered('prometheus', body).data?.result ?? []).map(({ metric = {}, value }) => ({
        metric,
        value: Number(value?.[1] ?? 'NaN'),
      }))
    },
  }
}
