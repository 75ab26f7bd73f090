import { readFile } from 'node:fs/promises'
import type { Config } from '../config.ts'
import type { ClusterConfig } from '../config/file.ts'
import { PROMETHEUS_VARIABLES, type PrometheusAccess } from '../config/prometheus-access.ts'
import { UnseenError } from '../evidence/clients/clients.ts'
import type { Credentials, PrometheusConnection } from '../evidence/clients/prometheus-connection.ts'
import { defined } from '../mesh/defined.ts'
import { isHeaderText } from './header-text.ts'

type FilePart = Extract<keyof PrometheusAccess, `${string}File`>

/** The Prometheus that is configured, of one cluster or of all, with its own credentials; undefined for none. */
export function prometheusOf(
  { prometheusUrl, prometheusAccess }: Pick<Config, 'prometheusUrl' | 'prometheusAccess'>,
  cluster: ClusterConfig = {},
): PrometheusConnection | undefined {
  if (cluster.prometheus !== undefined)
    return connectionOf(cluster.prometheus, cluster.prometheusAccess ?? {}, (part) => `prometheusAccess.${part}`)
  return prometheusUrl === undefined
    ? undefined
    : connectionOf(prometheusUrl, prometheusAccess, (part) => PROMETHEUS_VARIABLES[part])
}

function connectionOf(url: string, access: PrometheusAccess, named: (part: FilePart) => string): PrometheusConnection {
  if (Object.values(access).every((part) => part === undefined)) return { url }
  const textOf = async (part: FilePart): Promise<string | undefined> => {
    const path = access[part]
    return path === undefined ? undefined : textIn(path, named(part))
  }
  return {
    url,
    // Tokens and certificates in files are renewed while the process runs.
    credentials: async (): Promise<Credentials> => {
      const [ca, cert, key] = [await textOf('caFile'), await textOf('certFile'), await textOf('keyFile')]
      for (const [part, text] of [
        ['caFile', ca],
        ['certFile', cert],
      ] as const)
        if (text?.includes('-----BEGIN CERTIFICATE-----') === false)
          throw new UnseenError('unavailable', `the file that ${named(part)} names holds no certificate`)
      return defined({ authorization: await authorizationOf(access, textOf, named), ca, cert, key })
    },
    keyFile: named('keyFile'),
  }
}

async function authorizationOf(
  { username, password }: PrometheusAccess,
  textOf: (part: FilePart) => Promise<string | undefined>,
  named: (part: FilePart) => string,
): Promise<string | undefined> {
  const token = await textOf('tokenFile')
  if (token !== undefined && !isHeaderText(token))
    throw new UnseenError('unavailable', `the file that ${named('tokenFile')} names holds no token`)
  if (token !== undefined) return `Bearer ${token}`
  if (username === undefined) return undefined
  const secret = password?.reveal() ?? (await textOf('passwordFile')) ?? ''
  return `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`
}

async function textIn(path: string, name: string): Promise<string> {
  let text: string
  try {
    text = (await readFile(path, 'utf8')).trim()
  } catch (error) {
    throw new UnseenError(
      'unavailable',
      `the file that ${name} names could not be read (${(error as Error).message})`,
      {
        cause: error,
      },
    )
  }
  if (text === '') throw new UnseenError('unavailable', `the file that ${name} names is empty`)
  return text
}
