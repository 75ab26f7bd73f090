/** So many pieces of work at the same time; what is more waits for its turn, in its order. */
export class WorkSlots {
  private free: number
  private readonly waiting: (() => void)[] = []

  constructor(most: number) {
    this.free = most
  }

  /** Works once a slot is free. Rejects with the signal's reason when that comes first, and with what the work rejects with. */
  async use<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.free > 0) this.free -= 1
    else await this.turn(signal)
    try {
      return await work()
    } finally {
      const next = this.waiting.shift()
      if (next === undefined) this.free += 1
      else next()
    }
  }

  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(turn), 1)
        reject(signal.reason as Error)
      }
      const turn = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      this.waiting.push(turn)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}
