import { defineCommand, defineGroup } from './command.ts'

/** `mesh-medic config`: looks at the configuration. */
export const config = defineGroup({
  name: 'config',
  summary: 'look at the configuration',
  description: 'Looks at the configuration.',
  commands: [
    defineCommand({
      name: 'check',
      summary: 'explain the configuration: where each value comes from and what is missing',
      description:
        'Explains the configuration: where each value comes from, and what is missing for which use. Secrets are not shown.',
      examples: ['mesh-medic config check', 'MESH_MEDIC_CONFIG=mesh-medic.yaml mesh-medic config check'],
      run: async () => (await import('../config-check.ts')).configCheck(),
    }),
  ],
})
