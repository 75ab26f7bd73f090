/** A situation that the page offers to try. */
export interface Situation {
  readonly id: string
  readonly label: string
  readonly about: string
}

/** What the page says about itself, where it is part of a demo. */
export interface Guide {
  readonly title: string
  /** What this is. */
  readonly about: readonly string[]
  readonly situations: readonly Situation[]
  /** What else there is to do. */
  readonly hints: readonly string[]
  /** Commands that are offered to type. */
  readonly commands: readonly string[]
  /** Plays one of the situations, asked by a person. @returns the error that the person sees, if any */
  play(id: string, user: string): Promise<{ readonly shownError?: string | undefined }>
}
