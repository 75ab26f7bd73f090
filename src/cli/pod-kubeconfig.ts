import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../config.ts'
import type { Connection } from './clients.ts'

/** Where a pod has its service account's token. */
export const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
const CONTEXT = 'pod'

/**
 * In a pod that has no kubeconfig: the same connection, with one written for istioctl, whose `analyze` must be told its context by name.
 * It holds no secret, only where the service account's token is. Anywhere else the connection as it is.
 */
export function podConnection(
  connection: Connection,
  folder: string,
  { KUBECONFIG, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' }: Environment,
): Connection {
  if (
    connection.kubeconfig !== undefined ||
    (KUBECONFIG ?? '') !== '' ||
    host === undefined ||
    !existsSync(join(SERVICE_ACCOUNT, 'token'))
  )
    return connection
  const kubeconfig = join(folder, 'istioctl-kubeconfig.json')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': CONTEXT,
      clusters: [
        {
          name: CONTEXT,
          cluster: {
            server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
            'certificate-authority': join(SERVICE_ACCOUNT, 'ca.crt'),
          },
        },
      ],
      users: [{ name: CONTEXT, user: { tokenFile: join(SERVICE_ACCOUNT, 'token') } }],
      contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user: CONTEXT } }],
    }),
  )
  return { ...connection, istioctlKubeconfig: { path: kubeconfig, context: CONTEXT } }
}
