import type { AlertRouting } from '../alerts/routing.ts'
import type { Config } from '../config.ts'
import { defined } from '../mesh/defined.ts'

/** Which channel takes which alerts, and which clusters they may name. */
export function alertRoutingOf({
  channels,
  clusters,
  cluster,
  alerts,
}: Pick<Config, 'channels' | 'clusters' | 'cluster' | 'alerts'>): AlertRouting {
  return {
    channels: Object.entries(channels).flatMap(([channel, { alerts: taken }]) =>
      taken === undefined ? [] : [{ channel, ...taken }],
    ),
    clusters: Object.fromEntries(
      Object.entries(clusters).flatMap(([name, { alertNames = [name] }]) => alertNames.map((alias) => [alias, name])),
    ),
    ...defined({ cluster, ownerLabels: alerts.ownerLabels }),
  }
}
