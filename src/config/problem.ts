/** One thing wrong with the configuration. */
export interface Problem {
  /** `mesh-medic.yaml:7`, or the name of an environment variable. */
  where: string
  says: string
}

/** The configuration cannot be used; lists everything that is wrong with it. */
export class ConfigError extends Error {
  readonly code = 'configuration'
  readonly problems: readonly Problem[]
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ where, says }) => `${where}: ${says}`).join('\n'))
    this.problems = problems
  }
}
