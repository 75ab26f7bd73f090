import type { RunKind, RunRequest } from '../../capabilities/index.ts'
import type { Asking } from '../access/asking.ts'
import type { SlackDeps } from '../deps.ts'

/** What can be typed after `/mesh`, or after the bot's name. */
export interface Command {
  name: string
  /** `diagnose TARGET [-n NAMESPACE]` */
  usage: string
  /** One sentence. */
  about: string
  /** What it can ask for; nothing when it answers by itself. */
  asks: readonly RunKind[]
  /** Asks the same once more. Absent: with the same request. */
  again?(deps: SlackDeps, asking: Asking, request: RunRequest): Promise<void>
  /**
   * @param all every command, for the help
   * @throws whatever user-error-of.ts knows how to tell
   */
  run(deps: SlackDeps, asking: Asking, words: readonly string[], all: readonly Command[]): Promise<void>
}

/** Declares a command; only gives the literal its type. */
export const defineCommand = (command: Command): Command => command
