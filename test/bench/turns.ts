/** Watches the event loop: the longest time between two of its turns until the end. */
export function watchTurns(): { end: () => number } {
  let longest = 0
  let last = performance.now()
  let watching = true
  const turn = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (watching) setImmediate(turn)
  }
  setImmediate(turn)
  return {
    end: () => {
      watching = false
      return Math.max(longest, performance.now() - last)
    },
  }
}
