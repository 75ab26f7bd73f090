import type { CaptureOptions } from '../capture.ts'
import { defineCommand } from './command.ts'
import { output } from './options.ts'

/** `mesh-medic capture`: packets, explained. */
export const capture = defineCommand({
  name: 'capture',
  summary: 'explain a packet capture: who closed first, and how long after the request',
  description:
    'Reads a pcap or pcapng file and tells each TCP stream: its requests, the first byte of each answer, who sent FIN or RST first, what was sent again. Needs no cluster.',
  takes: (command) =>
    command
      .option('--file <file>', 'the capture to explain; - reads it from standard input')
      .option('--verbose', 'every stream, and all that happened')
      .addOption(output('text', 'json')),
  notes: `Exit codes:
  0 nothing failed   2 something failed   3 nothing failed in what was captured, and not all was   64 bad usage   1 mesh-medic itself failed`,
  examples: [
    'mesh-medic capture --file slow-pod.pcap',
    "mesh-medic capture --file slow-pod.pcap -o json | jq '.findings'",
    'tcpdump -i lo -U -w - port 3000 | mesh-medic capture --file -',
  ],
  run: async (options: CaptureOptions) => (await import('../capture.ts')).capture(options),
})
