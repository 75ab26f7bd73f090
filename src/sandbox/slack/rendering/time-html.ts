import { attribute, escapeHtml } from './escape-html.ts'

/**
 * A time that the page's script puts into the reader's own words and zone.
 * @param seconds since 1970
 * @param format Slack's, e.g. `{date_short} {time}`
 * @param fallback what stands there without the script
 */
export const timeHtml = (seconds: number, format: string, fallback: string): string => {
  const date = new Date(seconds * 1000)
  if (!Number.isFinite(date.getTime())) return escapeHtml(fallback)
  return `<time datetime="${date.toISOString()}" data-format="${attribute(format)}">${escapeHtml(fallback)}</time>`
}
