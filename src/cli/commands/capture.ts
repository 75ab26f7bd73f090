import type { CaptureOptions } from '../capture.ts'
import { defineCommand } from './command.ts'
import { context, namespace, output } from './options.ts'

/** `mesh-medic capture`: packets, explained. */
export const capture = defineCommand({
  name: 'capture',
  summary: 'capture packets of a pod, or read a capture, and say who closed first and how long after the request',
  description:
    'Tells each TCP stream of a capture: its requests, the first byte of each answer, who sent FIN or RST first, what was sent again. With --file it reads pcap or pcapng and needs no cluster; --port, --peer and --filter choose the streams that are explained. With a target it captures packets of one pod for a while, in the least invasive way that its namespace admits.',
  takes: (command) =>
    command
      .argument('[target]', 'whose packets are captured: pod/NAME, or what has one pod')
      .addOption(namespace())
      .addOption(context())
      .option('--port <port>', 'only this TCP port, of either side')
      .option('--peer <address>', 'only what is sent from or to this IP address')
      .option('--filter <filter>', 'port and peer in one: "port 3000 and host 10.1.2.3"')
      .option('--interface <name>', "lo: the application's leg, in the clear; eth0: the wire; any: both (default: lo)")
      .option('--for <time>', 'how long: 30s, 2m (default: 30s; at most 5m)')
      .option('--payload', 'keep whole packets; without it only headers, and the first line of requests and answers')
      .option('-w, --write <file>', 'keep the capture in a file, for Wireshark')
      .option('--file <file>', 'the capture to explain; - reads it from standard input')
      .option('--verbose', 'every stream, and all that happened')
      .addOption(output('text', 'json')),
  notes: `Exit codes:
  0 nothing failed   2 something failed   3 nothing failed in what was captured, and not all was   64 bad usage   1 mesh-medic itself failed`,
  examples: [
    'mesh-medic capture pod/catalog-1 -n shop --port 3000 --for 30s',
    'mesh-medic capture deploy/catalog -n shop --interface eth0 --peer 10.244.0.4 -w wire.pcap',
    'mesh-medic capture --file slow-pod.pcap',
    "mesh-medic capture --file slow-pod.pcap -o json | jq '.findings'",
    'mesh-medic capture --file wire.pcap --filter "port 3000 and host 10.244.0.4"',
    'tcpdump -i lo -U -w - port 3000 | mesh-medic capture --file -',
  ],
  run: async (target: string | undefined, options: CaptureOptions) =>
    (await import('../capture.ts')).capture(target, options),
})
