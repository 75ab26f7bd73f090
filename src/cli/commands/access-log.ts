import type { AccessLogOptions } from '../access-log.ts'
import { defineCommand } from './command.ts'
import { context, namespace, output } from './options.ts'

/** `mesh-medic access-log`: shows which workloads log their requests, or turns on the access logs of one. */
export const accessLog = defineCommand({
  name: 'access-log',
  summary: 'show whether proxies log their requests, or turn on the access logs of one workload for a while',
  description:
    'Shows which workloads of a target log their requests. With "on" it turns on the access logs of one of them by a Telemetry object, waits, and deletes that object: at the end of the time, on Ctrl-C and on SIGTERM. What is done is stored first, so that the next start puts it back if this process is killed.',
  takes: (command) =>
    command
      .argument('<target>', 'a service (catalog, catalog.shop), deploy/NAME or pod/NAME')
      .argument('[on]', 'turns the access logs on')
      .addOption(namespace())
      .addOption(context())
      .addOption(output('text', 'json'))
      .option('--for <time>', 'how long: 90s, 10m (default: 10m)')
      .option(
        '--provider <name>',
        'a provider of the mesh configuration (default: the one whose format tells most of connections, else envoy)',
      ),
  examples: [
    'mesh-medic access-log catalog -n istioinaction',
    'mesh-medic access-log deploy/catalog -n istioinaction on --for 5m',
    'mesh-medic access-log deploy/catalog -n istioinaction on --provider envoy-json',
  ],
  run: async (target: string, word: string | undefined, options: AccessLogOptions) =>
    (await import('../access-log.ts')).accessLog(target, word, options),
})
