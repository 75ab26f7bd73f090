import type { KnownBlock } from '@slack/types'
import { isFields } from '../../mesh/fields.ts'
import { clean, cut, escapeMrkdwn } from './escape.ts'
import { LIMITS } from './limits.ts'
import { line, rich, text, timesAsText, type SlackMessage } from './rich.ts'

const IN_FILE = 'More did not fit here: the whole is in the file in this thread.'
const NOWHERE = 'More did not fit here.'

/** Characters of all text in a value that a person reads. */
function weigh(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + weigh(one), 0)
  if (!isFields(value)) return 0
  return Object.entries(value).reduce(
    (sum, [key, inner]) => sum + (key === 'text' && typeof inner === 'string' ? inner.length : weigh(inner)),
    0,
  )
}

/** Spends characters on a copy of a block, from the front; what has no text left goes. */
class Purse {
  left: number
  isCut = false
  constructor(left: number) {
    this.left = left
  }

  /** @returns undefined when nothing of it is left */
  copy(value: unknown): unknown {
    if (Array.isArray(value)) return this.copyList(value)
    if (!isFields(value)) return value
    const copied: Record<string, unknown> = {}
    for (const [key, inner] of Object.entries(value)) {
      const next = key === 'text' && typeof inner === 'string' ? this.spend(inner) : this.copy(inner)
      if (next === undefined) return undefined
      copied[key] = next
    }
    return copied
  }

  private copyList(list: readonly unknown[]): unknown[] | undefined {
    const kept = list.map((one) => this.copy(one)).filter((one) => one !== undefined)
    return kept.length === 0 && list.length > 0 ? undefined : kept
  }

  private spend(value: string): string | undefined {
    if (value.length > LIMITS.text || value.length > this.left) this.isCut = true
    if (this.left < Math.min(value.length, 40)) {
      this.left = 0
      return undefined
    }
    const kept = cut(value, Math.min(this.left, LIMITS.text))
    this.left -= kept.length
    return kept
  }
}

const isKept = ({ type }: KnownBlock): boolean => type === 'actions' || type === 'context_actions'

/**
 * A message that Slack takes, whatever it was to say: pieces that are too long are cut with a notice, blocks that do not fit go, and
 * blocks with buttons always stay.
 * @param hasFile false where no file holds what was cut
 */
export function fit(message: SlackMessage, { hasFile = true } = {}): SlackMessage {
  const notice = hasFile ? IN_FILE : NOWHERE
  const buttons = message.blocks.filter(isKept)
  const others = message.blocks.filter((block) => !isKept(block))
  const purse = new Purse(LIMITS.message - weigh(buttons) - notice.length)
  const room = LIMITS.blocks - buttons.length - 1
  const kept = others
    .slice(0, room)
    .map((block) => purse.copy(block))
    .filter((block) => block !== undefined) as KnownBlock[]
  const isCut = purse.isCut || message.isCut === true || others.length > room
  return {
    text: fallback(message.text),
    blocks: [...kept, ...(isCut ? [rich(line(text(notice)))] : []), ...buttons],
    ...(isCut && { isCut }),
  }
}

/** The text that stands for the blocks; Slack reads mrkdwn there. */
function fallback(value: string): string {
  const short = cut(clean(timesAsText(value)).replace(/\s+/g, ' '), LIMITS.fallback)
  return escapeMrkdwn(short === '' ? 'mesh-medic' : short)
}
