import { InvalidArgumentError, Option } from 'commander'

/** Reads a number of seconds. */
export function seconds(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0 || value > 3600)
    throw new InvalidArgumentError('It must be a number of seconds greater than 0, at most 3600.')
  return value
}

/** `-n`, as most commands take it. */
export const namespace = (): Option =>
  new Option('-n, --namespace <namespace>', 'the namespace to look in (default: the only one that has the target)')
/** `--context`, as all commands about a cluster take it. */
export const context = (): Option =>
  new Option('--context <context>', "the kubeconfig's context to use (default: its current one)")
/** `--record`, as commands take it whose looks can be replayed. */
export const record = (): Option =>
  new Option(
    '--record <file>',
    'keep what is read, redacted, in a file for --replay (compressed when its name ends in .gz)',
  )
/** `--replay`: nothing else says where to look. */
export const replay = (): Option =>
  new Option('--replay <file>', 'answer from a recording instead of a cluster, at the time when it was made').conflicts(
    ['record', 'context', 'probe'],
  )
/** `-o`; text when absent. */
export const output = (...formats: string[]): Option =>
  new Option('-o, --output <format>', 'the format of the answer').choices(formats).default('text')
