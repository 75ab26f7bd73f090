import type { Istioctl } from './clients.ts'

/**
 * The same istioctl, one command of which is begun at once, before anybody asks: whoever does so first gets its answer, everybody later one of their
 * own. For a command that is needed in any case, while the program that will ask for it still loads.
 */
export function begun(istioctl: Istioctl, args: readonly string[], signal: AbortSignal): Istioctl {
  let first: Promise<string> | undefined = istioctl.run(args, signal)
  // Who asks for it hears why it failed.
  first.catch(() => undefined)
  const isFirst = (asked: readonly string[]): boolean =>
    asked.length === args.length && asked.every((word, at) => word === args[at])
  return {
    ...istioctl,
    run(asked, asking) {
      if (first === undefined || !isFirst(asked)) return istioctl.run(asked, asking)
      const answer = first
      first = undefined
      return answer
    },
  }
}
