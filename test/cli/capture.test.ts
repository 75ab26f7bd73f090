import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pcap } from '../capture/packets.ts'
import { recordedCapture } from '../capture/recorded.ts'
import { Talk } from '../capture/talk.ts'
import { startRecordedCluster, type RecordedCluster } from './recorded-cluster.ts'

let cluster: RecordedCluster
let folder: string
const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}
beforeAll(async () => {
  cluster = await startRecordedCluster('rejected-envoyfilter/ill')
  folder = mkdtempSync(join(tmpdir(), 'mesh-medic-capture-'))
})
afterAll(async () => {
  await cluster.close()
  rmSync(folder, { recursive: true, force: true })
})

it('explains a capture: something failed is exit 2, nothing failed 0, nothing to see 3', async () => {
  const slow = await cluster.run(['capture', '--file', file('slow.pcap', recordedCapture('slow-pod-lo'))])
  expect(slow).toMatchObject({ exitCode: 2, stderr: '' })
  expect(slow.stdout).toContain(
    "GET /items; 496 to 503 ms later the proxy's side closed (FIN); the application's answer (200) came 215 to 451 ms after that",
  )
  const fine = new Talk()
    .open(0)
    .say('client', 3, 'GET / HTTP/1.1\r\n\r\n')
    .say('server', 9, 'HTTP/1.1 204 No Content\r\n\r\n')
  expect(await cluster.run(['capture', '--file', file('fine.pcap', pcap(fine.sent))])).toMatchObject({ exitCode: 0 })
  const none = await cluster.run(['capture', '--file', file('none.pcap', pcap([]))])
  expect(none.exitCode).toBe(3)
  expect(none.stdout).toMatch(/^No packets: .* Is this the right leg\?\n/)
})

it('-o json', async () => {
  const { stdout } = await cluster.run([
    'capture',
    '--file',
    file('slow.pcap', recordedCapture('slow-pod-lo')),
    '-o',
    'json',
  ])
  expect(JSON.parse(stdout)).toMatchObject({
    streamCount: 11,
    findings: [{ check: 'client-closed-first', standing: 'observed', count: 10 }, { check: 'answer-after-close' }],
  })
})

it('what is no capture, is not there, or was not named: why, and exit 64', async () => {
  const text = await cluster.run([
    'capture',
    '--file',
    file(
      'x.txt',
      Uint8Array.from('IP 10.0.0.1 > 10.0.0.2', (c) => c.charCodeAt(0)),
    ),
  ])
  expect(text).toMatchObject({ exitCode: 64, stdout: '' })
  expect(text.stderr).toMatch(/^This is not a packet capture\. It is text.*\nLet tcpdump write packets/)
  expect(await cluster.run(['capture', '--file', join(folder, 'missing')])).toMatchObject({
    exitCode: 64,
    stderr: `${join(folder, 'missing')}: there is no such file.\n`,
  })
  expect(await cluster.run(['capture'])).toMatchObject({ exitCode: 64 })
})

it('of a file, port and peer choose the streams; what says how to capture is refused', async () => {
  const path = file(
    'two.pcap',
    pcap([
      ...new Talk('127.0.0.6:4000', '10.244.0.9:3000').syn(0).rst('server', 1).sent,
      ...new Talk('127.0.0.6:4001', '10.244.0.9:8080')
        .open(10)
        .say('client', 13, 'GET / HTTP/1.1\r\n\r\n')
        .say('server', 19, 'HTTP/1.1 204 No Content\r\n\r\n').sent,
    ]),
  )
  const explained = async (...flags: string[]) => {
    const { stdout, stderr, exitCode } = await cluster.run(['capture', '--file', path, ...flags])
    return { stdout, stderr, exitCode }
  }
  const [all, one] = [await explained(), await explained('--port', '8080')]
  expect(all.stdout).toContain('2 TCP streams')
  expect(one.stdout).toContain('Only port 8080: 1 other stream of the file is left out.')
  expect(one.stdout).toContain('1 TCP stream,')
  expect(one.exitCode).toBe(0)
  expect((await explained('--filter', 'tcp port 8080')).stdout).toBe(one.stdout)
  const none = await explained('--peer', '10.9.9.9')
  expect(none).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('None of the 2 TCP streams') as unknown })
  for (const [flags, says] of [
    [['--port', '99999'], 'is not a TCP port'],
    [['--filter', 'src port 1'], 'is not understood in a filter'],
    [['--for', '5s', '--payload'], '--for, --payload say how packets are captured'],
    [['--interface', 'lo'], '--interface says how packets are captured'],
  ] as const)
    expect(await explained(...flags)).toMatchObject({ exitCode: 64, stderr: expect.stringContaining(says) as unknown })
})
