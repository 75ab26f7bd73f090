import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../config.ts'
import { UserError } from '../mesh/user-error.ts'
import type { Connection } from './clients.ts'
import { SERVICE_ACCOUNT } from './pod-kubeconfig.ts'

/**
 * Says that nothing names a cluster, before the client tries its own default, http://localhost:8080.
 *
 * @throws {UserError} when there is no kubeconfig and this is no pod
 */
export function requireKubeconfig({ kubeconfig }: Connection, { KUBECONFIG, HOME }: Environment): void {
  const file = join(HOME ?? homedir(), '.kube', 'config')
  if (kubeconfig !== undefined || (KUBECONFIG ?? '') !== '') return
  // On Windows the client also asks WSL for one.
  if (process.platform === 'win32' || existsSync(file) || existsSync(join(SERVICE_ACCOUNT, 'token'))) return
  throw new UserError(
    {
      why: `There is no kubeconfig: KUBECONFIG is not set, and the file ${file} does not exist.`,
      remedies: ['Set KUBECONFIG to the kubeconfig of the cluster; kubectl needs the same one.'],
    },
    { code: 'cluster-unreachable' },
  )
}
