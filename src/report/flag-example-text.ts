import { quoteLine } from '../checks/facts/traffic-of.ts'
import type { FlagExample } from '../diagnosis/flag-example.ts'
import { visible } from '../mesh/visible.ts'
import { formatRef } from '../mesh/ref.ts'

/** What was found, in one sentence. */
export function flagExampleHeadline({ target, flags, example, lines, proxies, unseen }: FlagExample): string {
  const where = `${lines} ${lines === 1 ? 'request' : 'requests'} in the logs of ${proxies} ${proxies === 1 ? 'proxy' : 'proxies'}${unseen.length === 0 ? '' : `; ${unseen.length} ${unseen.length === 1 ? 'log' : 'logs'} could not be read`}`
  return example === undefined
    ? `No request to ${formatRef(target)} with ${flags.join(' or ')} among ${where}.`
    : `The latest request to ${formatRef(target)} with ${flags.join(' or ')}, as logged by ${example.pod.name} (one of ${where}):`
}

/** The line of the example, as a person reads it. */
export const exampleLine = ({ example }: FlagExample): string | undefined =>
  example === undefined ? undefined : quoteLine(example.line)

/** An example as a terminal shows it. */
export function flagExampleText(found: FlagExample): string {
  const line = exampleLine(found)
  const text = [
    flagExampleHeadline(found),
    ...(line === undefined || found.example === undefined ? [] : [`  ${line}`, `  $ ${found.example.command}`]),
    ...found.unseen.map((one) => `not read: ${one}`),
  ].join('\n')
  return `${visible(text)}\n`
}
