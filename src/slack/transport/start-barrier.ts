/** Milliseconds that a run waits for the first messages of others; a stream of them without end must not hold up the work. */
const PATIENCE = 1000

/** Many runs that begin at once: the work on any waits until each has its first message, so that nobody wonders whether they were heard. */
export class StartBarrier {
  private beginning = 0
  private waiting: (() => void)[] = []

  /** A run begins; call what it returns once the first message is there, or will not be. */
  begin(): () => void {
    this.beginning += 1
    return () => {
      this.beginning -= 1
      if (this.beginning > 0) return
      for (const go of this.waiting.splice(0)) go()
    }
  }

  /** Resolves when no run is beginning. */
  async over(): Promise<void> {
    if (this.beginning === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE)
      this.waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
