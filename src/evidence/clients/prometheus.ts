import type { Prometheus } from './clients.ts'
import { UnseenError } from './clients.ts'

/** Asks a Prometheus (or anything with its HTTP API) at a base URL. */
export function prometheusApi(url: string): Prometheus {
  return {
    async query(expression, signal) {
      let response: Response
      let text: string
      try {
        response = await fetch(`${url.replace(/\/$/, '')}/api/v1/query`, {
          method: 'POST',
          body: new URLSearchParams({ query: expression }),
          signal,
        })
        text = await response.text()
      } catch (error) {
        if (signal.aborted) throw new UnseenError('timeout', 'Prometheus did not answer in time', { cause: error })
        throw new UnseenError(
          'unavailable',
          `Prometheus could not be reached (${error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)})`,
          { cause: error },
        )
      }
      if (!response.ok)
        throw new UnseenError('unavailable', `Prometheus answered ${response.status}: ${text.slice(0, 300)}`)
      let body: { data?: { result?: { metric?: Record<string, string>; value?: [number, string] }[] } }
      try {
        body = JSON.parse(text) as typeof body
      } catch (error) {
        throw new UnseenError('unparsable', 'Prometheus answered something that is not JSON', { cause: error })
      }
      return (body.data?.result ?? []).map(({ metric = {}, value }) => ({ metric, value: Number(value?.[1] ?? 'NaN') }))
    },
  }
}
