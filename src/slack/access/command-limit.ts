import { z } from 'zod'
import type { Log } from '../../queue/log.ts'
import { retryOnConflict } from '../../store/change-record.ts'
import type { Records, Stored } from '../../store/records.ts'

/** Commands that may be sent within a minute. */
export interface CommandLimits {
  /** By one person. */
  user?: number | undefined
  /** In one channel, by all. */
  channel?: number | undefined
}

/** Milliseconds over which commands are counted. */
const WINDOW = 60_000
const COLLECTION = 'commands'
/** When commands were sent, in milliseconds since the epoch; and whether one was refused since the last that was not. */
const Sent = z.object({ times: z.array(z.number()), refused: z.boolean() })
type Sent = z.infer<typeof Sent>

/** Why a command is not taken: whose commands were too many, and when one is taken again. */
export interface TooMany {
  of: 'user' | 'channel'
  most: number
  /** Seconds. */
  again: number
  /** It is the first one in a row that is not taken. */
  isFirst: boolean
}

interface Counted {
  of: TooMany['of']
  key: string
  most: number
}

/** Counts commands of each person and in each channel over a minute, of all processes that share a store. */
export class CommandLimit {
  private readonly records: Records
  private readonly log: Log
  private readonly limits: CommandLimits
  private readonly now: () => number

  constructor(records: Records, log: Log, limits: CommandLimits = {}, now: () => number = Date.now) {
    this.records = records
    this.log = log
    this.limits = limits
    this.now = now
  }

  /** Takes a command, unless there were too many. While the store does not answer none is refused: nothing that a command asks for can be begun then. */
  async take(user: string, channel: string): Promise<TooMany | undefined> {
    const { user: byUser, channel: inChannel } = this.limits
    const counted: readonly Counted[] = [
      ...(byUser === undefined ? [] : [{ of: 'user', key: `user ${user}`, most: byUser } as const]),
      ...(inChannel === undefined ? [] : [{ of: 'channel', key: `channel ${channel}`, most: inChannel } as const]),
    ]
    const at = this.now()
    const taken: string[] = []
    try {
      for (const one of counted) {
        const tooMany = await this.count(one, at)
        if (tooMany !== undefined) {
          // What is not taken counts for nobody.
          await Promise.all(taken.map((key) => this.forget(key, at)))
          return tooMany
        }
        taken.push(one.key)
      }
    } catch (err) {
      this.log.warn({ err, user, channel }, 'commands could not be counted')
    }
    return undefined
  }

  private async count({ of, key, most }: Counted, at: number): Promise<TooMany | undefined> {
    return retryOnConflict(async () => {
      const stored = await this.records.read(COLLECTION, key)
      const { times, refused } = sentIn(stored, at)
      const isTaken = times.length < most
      if (isTaken || !refused)
        await this.write(key, isTaken ? { times: [...times, at], refused: false } : { times, refused: true }, stored)
      return isTaken
        ? undefined
        : { of, most, again: Math.ceil(((times[0] ?? at) + WINDOW - at) / 1000), isFirst: !refused }
    })
  }

  private async forget(key: string, at: number): Promise<void> {
    await retryOnConflict(async () => {
      const stored = await this.records.read(COLLECTION, key)
      const { times, refused } = sentIn(stored, at)
      const last = times.lastIndexOf(at)
      if (last !== -1) await this.write(key, { times: times.toSpliced(last, 1), refused }, stored)
    })
  }

  private async write(key: string, sent: Sent, stored: Stored<unknown> | undefined): Promise<void> {
    await this.records.write(COLLECTION, key, sent, {
      expected: stored?.version ?? 'absent',
      expiresInSeconds: WINDOW / 1000,
    })
  }
}

/** What was sent within the window; of a record that another version wrote, nothing. */
function sentIn(stored: Stored<unknown> | undefined, now: number): Sent {
  const { success, data } = Sent.safeParse(stored?.value)
  return success ? { ...data, times: data.times.filter((at) => at > now - WINDOW) } : { times: [], refused: false }
}
