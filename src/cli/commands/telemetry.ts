import type { TelemetryOptions } from '../telemetry.ts'
import { defineCommand } from './command.ts'
import { context, namespace, output } from './options.ts'

/** `mesh-medic telemetry`: how a target's requests were answered, as clients and servers counted them. */
export const telemetry = defineCommand({
  name: 'telemetry',
  summary:
    "what Prometheus counted at both ends of a target's requests: success rate, latency, pods, and since when requests fail",
  description:
    "Asks Prometheus how the requests to a target were answered, as counted by the callers' proxies and by the target's own, and says why the two differ.",
  takes: (command) =>
    command
      .argument('<target>', 'a service (catalog, catalog.shop), deploy/NAME, pod/NAME, a host or a URL')
      .addOption(namespace())
      .option('--window <duration>', 'how far back: 30s to 24h (default: 5m)')
      .addOption(context())
      .addOption(output('text', 'json')),
  examples: ['mesh-medic telemetry catalog -n shop', 'mesh-medic telemetry catalog.shop --window 30m -o json'],
  run: async (target: string, options: TelemetryOptions) =>
    (await import('../telemetry.ts')).telemetry(target, options),
})
