import type { IncidentNews } from '../store/incidents.ts'

/** News that are told together, as one: each fact once. */
export function together(news: readonly IncidentNews[]): Omit<IncidentNews, 'at'> {
  const pods = [...new Set(news.flatMap((one) => one.pods ?? []))]
  const worse = news.flatMap((one) => (one.worse === undefined ? [] : [one.worse]))
  const causes = news.flatMap((one) => (one.cause === undefined ? [] : [one.cause]))
  const [first] = worse
  const last = worse.at(-1)
  const cause = causes.at(-1)
  return {
    ...(pods.length > 0 && { pods }),
    ...(first !== undefined && last !== undefined && { worse: { from: first.from, to: last.to } }),
    ...(news.some(({ again }) => again === true) && { again: true }),
    ...(cause !== undefined && { cause }),
  }
}
