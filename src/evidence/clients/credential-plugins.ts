import { spawn, type SpawnOptions } from 'node:child_process'
import type { KubeConfig } from '@kubernetes/client-node'
import { isFields } from '../../mesh/fields.ts'
import { pluginEnvironment } from './child-environment.ts'

/** Milliseconds that a credential plugin may take: some ask a person's cloud. */
const PLUGIN_WITHIN = 60_000

type Spawn = (command: string, args: readonly string[] | undefined, options: SpawnOptions) => ReturnType<typeof spawn>

/**
 * Has the credential plugins of a kubeconfig (`exec`) started with an environment that holds none of this process's secrets, and ended when they do not end.
 * @throws {TypeError} when the client of Kubernetes starts them in another way than it is known to
 */
export function restrictPlugins(config: KubeConfig, environment: Readonly<Record<string, string | undefined>>): void {
  const { authenticators } = config as unknown as { authenticators?: unknown[] }
  const plugins = authenticators?.find((one) => isFields(one) && typeof one.execFn === 'function')
  if (!isFields(plugins))
    throw new TypeError('the Kubernetes client starts credential plugins in a way that is not expected here')
  const start: Spawn = (command, args, options) =>
    spawn(command, args ?? [], {
      ...options,
      env: pluginEnvironment(environment, options.env ?? {}),
      timeout: PLUGIN_WITHIN,
    })
  plugins.execFn = start
}
