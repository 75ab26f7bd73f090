import type { Pod } from '../../mesh/objects.ts'
import { PROXY_CONTAINER } from '../../mesh/pods.ts'

/** What pilot-agent gives Envoy when nobody says otherwise. */
const USUAL = 'warning,misc:error'

/** The level each logger of a pod's proxy was started with, by the arguments that the injector wrote (`--proxyLogLevel`, `--proxyComponentLogLevel`). */
export function startingLevels({ spec }: Pod): (logger: string) => string {
  const containers: readonly { name: string; args?: string[] }[] = [
    ...(spec?.containers ?? []),
    ...(spec?.initContainers ?? []),
  ]
  const args = containers.find(({ name }) => name === PROXY_CONTAINER)?.args ?? []
  const parts = [USUAL, valueOf(args, '--proxyLogLevel'), valueOf(args, '--proxyComponentLogLevel')]
    .flatMap((text) => (text ?? '').split(','))
    .filter((part) => part !== '')
  const named = new Map<string, string>()
  let level = ''
  for (const part of parts) {
    const [logger = '', own] = part.split(':')
    if (own === undefined) level = logger
    else named.set(logger, own)
  }
  const known = (text: string): string => (text === 'warn' ? 'warning' : text)
  return (logger) => known(named.get(logger) ?? level)
}

function valueOf(args: readonly string[], flag: string): string | undefined {
  const at = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`))
  const arg = args[at]
  return arg === undefined ? undefined : arg === flag ? args[at + 1] : arg.slice(flag.length + 1)
}
