import { linksFor, loadConfig, type Config } from '../config.ts'
import type { LinkTemplate } from '../report/links.ts'
import type { Connection } from './clients.ts'
import { kialiOf } from './kiali.ts'
import { prometheusOf } from './prometheus.ts'
import { podConnection } from './pod-kubeconfig.ts'
import { requireKubeconfig } from './require-kubeconfig.ts'

/** The cluster a command is about, and the limits it keeps. */
export interface Settings {
  connection: Connection
  limits: Config['limits']
  /** Other tools that reports link to. */
  links: readonly LinkTemplate[]
}

/**
 * As kubectl chooses: the kubeconfig's current context, or the one that is named. A configured cluster of that context gives its
 * kubeconfig and Prometheus.
 *
 * @throws {ConfigError} when the configuration is wrong
 * @throws {UserError} when nothing names a cluster
 */
export function connectionFor(context: string | undefined): Settings {
  const config = loadConfig(process.env)
  const cluster =
    context === undefined ? undefined : Object.values(config.clusters).find((one) => one.context === context)
  const { istioctl, limits } = config
  const connection: Connection = {
    istioctl,
    kubeconfig: cluster?.kubeconfig,
    context,
    prometheus: prometheusOf(config, cluster),
    kiali: kialiOf(config, cluster),
    // A terminal's diagnosis has the machine for itself.
    memory: limits.memory ?? 2048 * 1024 * 1024,
    environment: process.env,
  }
  requireKubeconfig(connection, process.env)
  return {
    connection: context === undefined ? podConnection(connection, config.dataFolder, process.env) : connection,
    limits,
    links: linksFor(config, cluster?.kiali),
  }
}

/** The cluster the bot looks at: the configured one, else as kubectl chooses. */
export function botConnection(config: Config): Connection {
  const cluster = (config.cluster === undefined ? undefined : config.clusters[config.cluster]) ?? {}
  const { kubeconfig, context } = cluster
  const connection: Connection = {
    istioctl: config.istioctl,
    kubeconfig,
    context,
    prometheus: prometheusOf(config, cluster),
    kiali: kialiOf(config, cluster),
    memory: config.limits.memory,
    environment: process.env,
  }
  return kubeconfig === undefined && context === undefined
    ? podConnection(connection, config.dataFolder, process.env)
    : connection
}
