/** Commands that may be sent within a minute. */
export interface CommandLimits {
  /** By one person. */
  user?: number | undefined
  /** In one channel, by all. */
  channel?: number | undefined
}

/** Milliseconds over which commands are counted. */
const WINDOW = 60_000

/** Why a command is not taken: whose commands were too many, and when one is taken again. */
export interface TooMany {
  of: 'user' | 'channel'
  most: number
  /** Seconds. */
  again: number
  /** It is the first one in a row that is not taken. */
  isFirst: boolean
}

/** Counts commands of each person and in each channel over a minute, in this process. */
export class CommandLimit {
  private readonly limits: CommandLimits
  private readonly now: () => number
  private readonly taken = new Map<string, number[]>()
  private readonly refused = new Set<string>()

  constructor(limits: CommandLimits = {}, now: () => number = Date.now) {
    this.limits = limits
    this.now = now
  }

  /** Takes a command, unless there were too many. */
  take(user: string, channel: string): TooMany | undefined {
    const counted = [
      { of: 'user', key: `user ${user}`, most: this.limits.user },
      { of: 'channel', key: `channel ${channel}`, most: this.limits.channel },
    ] as const
    const now = this.now()
    for (const { of, key, most } of counted) {
      if (most === undefined) continue
      const times = this.recent(key, now)
      if (times.length < most) continue
      const isFirst = !this.refused.has(key)
      this.refused.add(key)
      return { of, most, again: Math.ceil(((times[0] ?? now) + WINDOW - now) / 1000), isFirst }
    }
    for (const { key, most } of counted) {
      if (most === undefined) continue
      const times = [...this.recent(key, now), now]
      // In the order of the last command of each.
      this.taken.delete(key)
      this.taken.set(key, times)
      this.refused.delete(key)
    }
    this.forget(now)
    return undefined
  }

  private recent(key: string, now: number): number[] {
    return (this.taken.get(key) ?? []).filter((at) => at > now - WINDOW)
  }

  /** Whoever sent nothing for a minute is not kept in memory. */
  private forget(now: number): void {
    for (const [key, times] of this.taken) {
      if ((times.at(-1) ?? 0) > now - WINDOW) return
      this.taken.delete(key)
      this.refused.delete(key)
    }
  }
}
