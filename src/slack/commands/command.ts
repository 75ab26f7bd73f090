import type { Asking } from '../access/asking.ts'
import type { SlackDeps } from '../deps.ts'

/** What can be typed after `/mesh`, or after the bot's name. */
export interface Command {
  name: string
  /** `diagnose TARGET [-n NAMESPACE]` */
  usage: string
  /** One sentence. */
  about: string
  /**
   * @param all every command, for the help
   * @throws whatever refusal-of.ts knows how to tell
   */
  run(deps: SlackDeps, asking: Asking, words: readonly string[], all: readonly Command[]): Promise<void>
}

/** Declares a command; only gives the literal its type. */
export const defineCommand = (command: Command): Command => command
