import type { ShowOptions } from '../status.ts'
import { defineCommand } from './command.ts'
import { context, output } from './options.ts'

/** `mesh-medic doctor`: whether what a diagnosis needs is there. */
export const doctor = defineCommand({
  name: 'doctor',
  summary: 'test what mesh-medic itself needs',
  description:
    'Tests the connection to the cluster, every permission needed, istioctl and Prometheus; says what to do about each failure.',
  takes: (command) => command.addOption(context()).addOption(output('text', 'json')),
  examples: ['mesh-medic doctor', 'mesh-medic doctor --context staging'],
  run: async (options: ShowOptions) => (await import('../doctor.ts')).doctor(options),
})
