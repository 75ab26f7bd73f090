import { defineCommand, defineGroup } from './command.ts'

/** `mesh-medic audit`: the record of what was asked, approved and changed. */
export const audit = defineGroup({
  name: 'audit',
  summary: 'look at the record of what was asked, approved and changed',
  description:
    'Looks at the audit of the bot that is configured here: an append-only chain of events, each with the hash of the one before.',
  commands: [
    defineCommand({
      name: 'export',
      summary: 'every event as a line of JSON',
      description:
        'Writes every event to standard output, oldest first, each as one line of JSON: its sequence and the entry.',
      examples: [
        'mesh-medic audit export > audit.jsonl',
        `mesh-medic audit export | jq -c 'select(.entry.event | startswith("fix-")) | .entry'`,
      ],
      run: async () => (await import('../audit.ts')).exportAudit(),
    }),
    defineCommand({
      name: 'verify',
      summary: 'check that every event is unchanged and in its place',
      description:
        'Recomputes the chain of hashes; with MESH_MEDIC_AUDIT_KEY also checks that it continues from the head that was signed last. Exit code 0: complete; 2: broken, with the place.',
      takes: (command) =>
        command.option('--head <sequence:head>', 'a head that was published: in the log of the bot, or by its webhook'),
      examples: ['mesh-medic audit verify', `mesh-medic audit verify --head 3120:${'9f'.repeat(32)}`],
      run: async ({ head }: { head?: string }) => (await import('../audit.ts')).verify(head),
    }),
  ],
})
