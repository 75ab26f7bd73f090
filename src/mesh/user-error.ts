/** What a person is told about something that cannot be done: why, and what would work. */
export interface UserAnswer {
  why: string
  /** Sentences: what to do about it. */
  remedies?: readonly string[] | undefined
  /** Lines that can be typed instead. */
  commands?: readonly string[] | undefined
  /** Ids of the people and groups that these texts name: mentions of all others are not ours. */
  named?: readonly string[] | undefined
}

/** Something that a person asked for and that cannot be done. Its texts are for that person. */
export class UserError extends Error implements UserAnswer {
  override readonly name: string = 'UserError'
  /** What sort of error it is, for programs. */
  readonly code: string
  readonly remedies: readonly string[]
  readonly commands: readonly string[]
  readonly named: readonly string[]

  constructor(
    { why, remedies = [], commands = [], named = [] }: UserAnswer,
    { code = 'refused', ...options }: ErrorOptions & { code?: string } = {},
  ) {
    super(why, options)
    this.code = code
    this.remedies = remedies
    this.commands = commands
    this.named = named
  }

  get why(): string {
    return this.message
  }
}
