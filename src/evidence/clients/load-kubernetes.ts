import type * as Kubernetes from './kubernetes.ts'
import { registerHooks } from 'node:module'

/** The file of the Kubernetes client that knows kubeconfigs, and what it imports: all of the client's generated code, for two names. */
const KUBECONFIGS = '/@kubernetes/client-node/dist/config.js'
const GENERATED = './gen/index.js'
const SMALL = '?only-what-kubeconfigs-need'

/** What stands in the place of the generated code: the two names. */
export const SMALL_SOURCE =
  "export { createConfiguration } from './configuration.js'\nexport { ServerConfiguration } from './servers.js'\n"

/** The address of what stands in the place of the generated code; undefined for every other import. */
export function smallInstead(specifier: string, importer: string | undefined, resolved: string): string | undefined {
  return specifier === GENERATED && importer?.endsWith(KUBECONFIGS) === true ? resolved + SMALL : undefined
}

export const isSmall = (address: string): boolean => address.endsWith(SMALL)

/**
 * Loads what reads the API server without the Kubernetes client's models and APIs of every group: a thousand files that nothing here uses, and that
 * take four times as long to load as all the rest of it.
 */
export async function loadKubernetes(): Promise<typeof Kubernetes> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context)
      const url = smallInstead(specifier, context.parentURL, found.url)
      return url === undefined ? found : { ...found, url }
    },
    load: (url, context, next) =>
      isSmall(url) ? { format: 'module', source: SMALL_SOURCE, shortCircuit: true } : next(url, context),
  })
  try {
    return await import('./kubernetes.ts')
  } finally {
    hooks.deregister()
  }
}
