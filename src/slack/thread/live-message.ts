import { setTimeout as pause } from 'node:timers/promises'
import type { SlackMessage } from '../blocks/rich.ts'

/** A message that is updated in place while something goes on: at most once in `every` milliseconds, the newest state only. */
export class LiveMessage {
  private readonly update: (message: SlackMessage) => Promise<{ retryAfter?: number } | undefined>
  private readonly every: number
  private render: (() => SlackMessage | Promise<SlackMessage>) | undefined
  private shown = ''
  private drawing: Promise<void> | undefined
  private readonly over = new AbortController()

  /** @param update shows a message; it never rejects, and may say how many seconds to leave Slack alone */
  constructor(update: (message: SlackMessage) => Promise<{ retryAfter?: number } | undefined>, every: number) {
    this.update = update
    this.every = every
  }

  /** Shows what `render` gives, soon. */
  show(render: () => SlackMessage | Promise<SlackMessage>): void {
    if (this.over.signal.aborted) return
    this.render = render
    this.drawing ??= this.draw().finally(() => {
      this.drawing = undefined
    })
  }

  /** Nothing is shown any more once this resolves. */
  async stop(): Promise<void> {
    this.render = undefined
    this.over.abort()
    await this.drawing
  }

  private async draw(): Promise<void> {
    while (this.render !== undefined) {
      // Waiting first gathers what happens at the start.
      await pause(this.every, undefined, { signal: this.over.signal }).catch(() => undefined)
      // Read anew: it may have been stopped meanwhile.
      const render = this.takeRender()
      if (render === undefined) return
      const message = await drawn(render)
      if (message === undefined) continue
      const content = JSON.stringify(message)
      if (content === this.shown) continue
      const rest = await this.update(message)
      this.shown = content
      if (rest?.retryAfter !== undefined)
        await pause(rest.retryAfter * 1000, undefined, { signal: this.over.signal }).catch(() => undefined)
    }
  }

  private takeRender(): (() => SlackMessage | Promise<SlackMessage>) | undefined {
    const { render } = this
    this.render = undefined
    return render
  }
}

/** What cannot be drawn now is not shown; the last state is, by whoever stops this. */
async function drawn(render: () => SlackMessage | Promise<SlackMessage>): Promise<SlackMessage | undefined> {
  try {
    return await render()
  } catch {
    return undefined
  }
}
