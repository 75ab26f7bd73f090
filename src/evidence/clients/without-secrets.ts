import type { Istioctl } from './clients.ts'
import { UnseenError } from './clients.ts'

/** Analyzers whose input is Secrets: certificates of Gateways, and clusters joined by a remote secret. */
const READ_SECRETS: readonly string[] = ['gateway.SecretAnalyzer', 'meshnetworks.MeshNetworksAnalyzer']

/**
 * The same istioctl, whose `analyze` reads no Secret: it leaves out the analyzers that do, and is told its cluster, which it would
 * otherwise look for in remote secrets. `context` answers the kubeconfig's context in use; with none `analyze` runs as it is.
 */
export function withoutSecrets(istioctl: Istioctl, context: () => Promise<string | undefined>): Istioctl {
  let listing: Promise<string[]> | undefined
  return {
    async run(args, signal) {
      if (args[0] !== 'analyze') return istioctl.run(args, signal)
      // Listing needs no cluster: it goes on while the kubeconfig is read.
      listing ??= analyzersOf(istioctl, signal)
      listing.catch(() => undefined)
      const name = await context()
      if (name === undefined) return istioctl.run(args, signal)
      const analyzers = await listing.catch((error: unknown) => {
        listing = undefined
        throw error
      })
      return istioctl.run(
        [...args, '--remote-contexts', name, ...analyzers.flatMap((one) => ['--analyzer', one])],
        signal,
      )
    },
  }
}

/** The names `istioctl analyze --list-analyzers` prints as `* NAME:`, without those that read Secrets. */
async function analyzersOf(istioctl: Istioctl, signal: AbortSignal): Promise<string[]> {
  const text = await istioctl.run(['analyze', '--list-analyzers'], signal)
  const names = [...text.matchAll(/^\* (\S+):$/gm)].flatMap(([, name]) => (name === undefined ? [] : [name]))
  if (names.length === 0) throw new UnseenError('unparsable', 'istioctl analyze --list-analyzers listed no analyzers')
  return names.filter((name) => !READ_SECRETS.includes(name))
}
