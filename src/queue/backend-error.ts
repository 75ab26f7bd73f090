export type BackendErrorCode =
  | 'redis-url-invalid'
  | 'redis-unreachable'
  | 'redis-refused'
  | 'redis-too-old'
  | 'data-folder-busy'
  | 'data-folder-unusable'

/** Why the backend could not be opened; the sentence can be shown to whoever starts the bot. Never holds a password. */
export class BackendError extends Error {
  override readonly name = 'BackendError'
  readonly code: BackendErrorCode
  readonly facts: Readonly<Record<string, string | number>>

  constructor(code: BackendErrorCode, facts: Record<string, string | number>, options?: ErrorOptions) {
    super(SENTENCES[code](facts), options)
    this.code = code
    this.facts = facts
  }
}

type Facts = Readonly<Record<string, string | number | undefined>>
const SENTENCES: Record<BackendErrorCode, (facts: Facts) => string> = {
  'redis-url-invalid': () =>
    'REDIS_URL is not an address like redis://host:6379/0 or rediss://user:password@host:6380.',
  'redis-unreachable': ({ at, detail }) => `Redis at ${at ?? ''} does not answer (${detail ?? ''}).`,
  'redis-refused': ({ at, detail }) => `Redis at ${at ?? ''} refuses to work: ${detail ?? ''}`,
  'redis-too-old': ({ at, version, needed }) =>
    `Redis at ${at ?? ''} is version ${version ?? ''}; ${needed ?? ''} or newer is needed.`,
  'data-folder-busy': ({ folder, pid, host }) =>
    `The data folder ${folder ?? ''} is in use by process ${pid ?? ''} on ${host ?? ''}. One process at a time: stop it, or set REDIS_URL.`,
  'data-folder-unusable': ({ folder, detail }) => `The data folder ${folder ?? ''} cannot be used: ${detail ?? ''}`,
}
