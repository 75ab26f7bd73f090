import { levelsText } from '../../leases/log-levels/levels-text.ts'
import type { AuditEntry, AuditVerdict } from '../../store/audit.ts'
import { withPresentWord } from '../../store/former-words.ts'
import { cut } from './escape.ts'
import { fit } from './fit.ts'
import { bold, bullets, code, dayTime, line, person, rich, text, type Piece, type SlackMessage } from './rich.ts'

/** Events that one message shows. */
export const MOST_EVENTS = 30

/** What `/mesh audit` tells. */
export interface AuditAnswer {
  /** Newest first. */
  events: readonly { sequence: number; entry: AuditEntry }[]
  /** How many there are in all. */
  count: number
  verdict: AuditVerdict
  /** As typed; absent for all. */
  target?: string
}

/** Facts that tell an event from others of its name, in this order. */
const TELLING = [
  'text',
  'act',
  'verb',
  'outcome',
  'verdict',
  'levels',
  'lent',
  'workload',
  'until',
  'reason',
  'why',
  'says',
  'error',
] as const

/** Those whose value may be a word that an earlier version had for it; entries stay as they were written. */
const OF_OURS: ReadonlySet<string> = new Set(['verb', 'outcome', 'verdict', 'why'])

function shown(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.flatMap((one) => shown(one) ?? []).join(', ')
  const isLevels = typeof value === 'object' && Object.values(value).every((level) => typeof level === 'string')
  return isLevels ? levelsText(value as Record<string, string>) : JSON.stringify(value)
}

function event({ sequence, entry: { at, event: name, by, target, facts } }: AuditAnswer['events'][number]): Piece[] {
  const all = TELLING.flatMap((key) => shown(OF_OURS.has(key) ? withPresentWord(facts[key]) : facts[key]) ?? [])
  // `approve Define subsets …` says the verb already.
  const told = all.filter(
    (one, index) => !all.slice(0, index).some((other) => other === one || other.startsWith(`${one} `)),
  )
  return [
    text(`${sequence}  `),
    dayTime(at),
    text('  '),
    bold(name),
    text(' '),
    person(by.user),
    ...(target === undefined ? [] : [text(' '), code(cut(target, 120))]),
    ...(told.length === 0 ? [] : [text(`  ${cut(told.join(' · '), 200)}`)]),
  ]
}

/** The last events, newest first, and whether the chain of all events is whole. */
export function auditMessage({ events, count, verdict, target }: AuditAnswer): SlackMessage {
  const of = target === undefined ? '' : ` of ${target}`
  const whole = verdict.ok
    ? `✓ the chain is whole: ${verdict.entries} ${verdict.entries === 1 ? 'entry' : 'entries'}, head ${verdict.head.slice(0, 16)}…`
    : `✗ the chain is BROKEN at entry ${verdict.sequence}: ${verdict.broken === 'content' ? 'it was changed' : 'it does not follow the one before'}`
  const title =
    count === 0
      ? `No events${of} yet`
      : `${events.length < count ? `The last ${events.length} of ${count}` : count} ${count === 1 ? 'event' : 'events'}${of}`
  return fit(
    {
      text: title,
      blocks: [
        rich(line(bold(title))),
        ...(events.length === 0 ? [] : [rich(bullets(events.map(event)))]),
        rich(line(text(whole))),
        rich(line(text('All of it, as JSON lines: '), code('mesh-medic audit export'))),
      ],
    },
    { hasFile: false },
  )
}
