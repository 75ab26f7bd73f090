import type { Command as Commander } from 'commander'

/** A command of the terminal: how it is typed, and what its help says. */
export interface Command {
  name: string
  /** A few words, for the list of commands. */
  summary: string
  /** One or two sentences. */
  description: string
}

/** A command that does something. */
export interface Doing<Typed extends unknown[] = never[]> extends Command {
  /** Its arguments and options. */
  takes?(command: Commander): Commander
  /** Said after the options and before the examples: a heading and its lines. */
  notes?: string
  /** Whole command lines. */
  examples: readonly [string, ...string[]]
  /**
   * Answers the exit code. Imports what it needs when it runs: the help takes 40 ms, loading the code of every command 1.5 s.
   *
   * @param typed arguments in their order, then the options
   */
  run(...typed: Typed): Promise<number>
}

/** Commands with a first word in common. */
export interface Group extends Command {
  commands: readonly Doing[]
}

/** Declares a command; only gives the literal its type. */
export const defineCommand = <Typed extends unknown[]>(command: Doing<Typed>): Doing => command as unknown as Doing
/** Declares commands with a first word in common. */
export const defineGroup = (group: Group): Group => group

/** Adds a command to a program; `ended` hears its exit code. */
export function addTo(program: Commander, command: Doing | Group, ended: (exitCode: number) => void): void {
  const added = program.command(command.name).summary(command.summary).description(command.description)
  if ('commands' in command) {
    for (const each of command.commands) addTo(added, each, ended)
    return
  }
  const { notes, examples } = command
  command.takes?.(added)
  const shown = ['Examples:', ...examples.map((line) => `  $ ${line}`)].join('\n')
  added
    .addHelpText('after', `\n${notes === undefined ? '' : `${notes}\n\n`}${shown}\n`)
    .action(async (...typed: unknown[]) => {
      ended(await command.run(...(typed as never[])))
    })
}
