import { execa } from 'execa'

/** `IP:PORT FIN|RST` of the first close of each stream, by the stream's number; nothing for streams that nobody closed. */
export type FirstCloses = Map<number, string>

/** What tshark says: the first packet of each stream with FIN or RST. */
export async function tsharkFirstCloses(file: string): Promise<FirstCloses> {
  const fields = ['tcp.stream', 'ip.src', 'ipv6.src', 'tcp.srcport', 'tcp.flags.reset']
  const { stdout } = await execa(
    process.env.TSHARK ?? 'tshark',
    [
      '-r',
      file,
      '-Y',
      'tcp.flags.fin==1 || tcp.flags.reset==1',
      '-T',
      'fields',
      '-E',
      'separator=|',
      ...fields.flatMap((field) => ['-e', field]),
    ],
    { stdin: 'ignore', env: { TZ: 'UTC' }, stderr: 'ignore' },
  )
  const closes: FirstCloses = new Map()
  for (const line of stdout.split('\n').filter((one) => one !== '')) {
    const [stream, v4, v6, port, reset] = line.split('|')
    const isReset = reset === '1' || reset === 'True'
    if (!closes.has(Number(stream)))
      closes.set(Number(stream), `${v4 === '' ? v6 : v4}:${port} ${isReset ? 'RST' : 'FIN'}`)
  }
  return closes
}
