import { defined } from '../../mesh/defined.ts'
import { isFields } from '../../mesh/fields.ts'

/** What the details of a PagerDuty alert tell of the alert behind it. */
export interface FiringText {
  labels: Record<string, string>
  annotations: Record<string, string>
  generatorUrl?: string
}

/** Characters that are read. */
const MOST = 100_000
const MOST_LABELS = 200
const HEAD = /^(Labels|Annotations):\s*$/
const ENTRY = /^\s*-\s*([\w.:/-]{1,200})\s*=\s?(.*)$/

/**
 * Reads the details that Alertmanager's `pagerduty_config` sends by default (`firing`: `Labels:`, ` - NAME = VALUE` lines, `Annotations:`, `Source: URL`),
 * of the first alert in it; of any other details the fields that are texts, as labels.
 */
export function firingText(details: unknown): FiringText {
  if (typeof details === 'string') return parsed(details)
  if (!isFields(details)) return { labels: {}, annotations: {} }
  const { firing } = details
  const found = typeof firing === 'string' ? parsed(firing) : { labels: {}, annotations: {} }
  if (Object.keys(found.labels).length > 0) return found
  const plain = Object.entries(details).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { labels: Object.fromEntries(plain.slice(0, MOST_LABELS)), annotations: {} }
}

function parsed(text: string): FiringText {
  const found: FiringText = { labels: {}, annotations: {} }
  let into: Record<string, string> | undefined
  let isBegun = false
  for (const line of text.slice(0, MOST).split('\n')) {
    const [, head] = HEAD.exec(line) ?? []
    if (head === 'Labels' && isBegun) break
    if (head !== undefined) {
      isBegun = true
      into = head === 'Labels' ? found.labels : found.annotations
      continue
    }
    const [, url] = /^Source:\s*(https?:\/\/\S+)\s*$/.exec(line) ?? []
    if (url !== undefined) return { ...found, ...defined({ generatorUrl: url }) }
    const [, name, value] = ENTRY.exec(line) ?? []
    if (into === undefined || name === undefined || value === undefined) continue
    if (Object.keys(into).length < MOST_LABELS) into[name] = value.trim()
  }
  return found
}
