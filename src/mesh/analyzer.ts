import type { Ref } from './ref.ts'
import { defined } from './defined.ts'
import { inShape } from './shape/answer.ts'

/** One message of `istioctl analyze`. */
export interface AnalyzerMessage {
  /** `IST0101` and so on. */
  code: string
  level: 'Error' | 'Warning' | 'Info'
  message: string
  /** The object it is about, when the analyzer named one. */
  origin?: Ref
  documentation?: string
}

/** One message as it is printed. */
export interface PrintedMessage {
  code?: string
  level?: string
  message?: string
  origin?: string
  documentationUrl?: string
}

/** Reads `Kind namespace/name` or `Kind name`; undefined for anything else. */
function parseOrigin(origin: string | undefined): Ref | undefined {
  const [, kind, namespace, name] = /^(\S+) (?:([^/\s]+)\/)?(\S+)$/.exec(origin ?? '') ?? []
  if (kind === undefined || name === undefined) return undefined
  return namespace === undefined ? { kind, name } : { kind, namespace, name }
}

/** Messages that several objects of one kind and namespace are in each other's way: their names stand in brackets. */
const CONFLICTS = new Set(['IST0110', 'IST0111', 'IST0159', 'IST0160'])

/**
 * True for a message that sees a conflict and names one object only. `istioctl analyze` of several clusters says so when a pod of the same name
 * runs in two of them: an object that selects it counts once for each.
 */
export function conflictsWithItself({ code, message }: AnalyzerMessage): boolean {
  const names =
    /\[([^\]]*)\]/
      .exec(message)?.[1]
      ?.split(/[\s,]+/)
      .filter((name) => name !== '') ?? []
  return CONFLICTS.has(code) && names.length > 0 && new Set(names).size === 1
}

/** Annotations of a Gateway that its controller copies onto the Deployment, Service and pods that it makes. */
const COPIED = ['networking.istio.io/service-type']

/** True for a message that an annotation of a Gateway stands where its controller itself has put it. */
export const isAboutCopiedAnnotation = ({ code, message, origin }: AnalyzerMessage): boolean =>
  code === 'IST0107' && origin?.kind !== 'Gateway' && COPIED.some((name) => message.includes(name))

/** The messages of `istioctl analyze -o json`, repeated ones once. Throws SyntaxError when the text is not that. */
export function parseAnalyzerMessages(text: string): AnalyzerMessage[] {
  const parsed: unknown = JSON.parse(text.trim() === '' ? '[]' : text)
  const seen = new Set<string>()
  return inShape('analyzer-messages', parsed as PrintedMessage[]).flatMap((entry) => {
    const key = [entry.code, entry.origin, entry.message].join(' ')
    if (entry.code === undefined || seen.has(key)) return []
    seen.add(key)
    const origin = parseOrigin(entry.origin)
    return [
      {
        code: entry.code,
        level: entry.level === 'Error' || entry.level === 'Warning' ? entry.level : 'Info',
        message: entry.message ?? '',
        ...defined({ origin, documentation: entry.documentationUrl }),
      },
    ]
  })
}
