import type { LogLevelOptions } from '../log-level.ts'
import { defineCommand } from './command.ts'
import { context, namespace, output } from './options.ts'

/** `mesh-medic log-level`: shows the log levels of proxies, or raises some. */
export const logLevel = defineCommand({
  name: 'log-level',
  summary: 'show the log levels of proxies, or raise some for a while',
  description:
    "Shows the log levels of a target's proxies. With levels it sets them, waits, and puts the former ones back exactly: at the end of the time, on Ctrl-C and on SIGTERM. The former levels are stored first, so that the next start puts them back if this process is killed.",
  takes: (command) =>
    command
      .argument('<target>', 'a service (catalog, catalog.shop), deploy/NAME or pod/NAME')
      .argument('[levels...]', 'loggers and their levels: http:debug,router:debug')
      .addOption(namespace())
      .addOption(context())
      .addOption(output('text', 'json'))
      .option('--for <time>', 'how long: 90s, 10m (default: 10m)')
      .option(
        '--pods <number>',
        "on how many of the target's proxies, limits.leaseProxies (5) at most (default: as many; one alone where together they would log more than 2,000 lines a second)",
        Number,
      )
      .option('--ztunnel', 'of the ztunnels that serve its pods: access=debug; each serves every workload of its node'),
  examples: [
    'mesh-medic log-level catalog -n istioinaction',
    'mesh-medic log-level catalog -n istioinaction http:debug,router:debug,connection:debug,pool:debug --for 5m',
    'mesh-medic log-level deploy/istio-ingressgateway -n istio-system http:debug --pods 1',
  ],
  run: async (target: string, levels: string[], options: LogLevelOptions) =>
    (await import('../log-level.ts')).logLevel(target, levels, options),
})
