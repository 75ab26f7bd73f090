import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { planCapture } from '../../src/capture/plan.ts'
import type { Running } from '../../src/evidence/clients/exec.ts'
import type { CaptureForm } from '../../src/fixes/capture-pod.ts'
import { capturePackets } from '../../src/leases/capture-packets.ts'
import { captureSetting, parseCaptureSetting, PACKET_CAPTURE } from '../../src/leases/captures/capture-setting.ts'
import { prepareCapture } from '../../src/leases/captures/prepare.ts'
import type { LeaseRecord } from '../../src/leases/lease-record.ts'
import { parseTarget } from '../../src/mesh/target-query.ts'
import { pcap } from '../capture/packets.ts'
import { recordedCapture } from '../capture/recorded.ts'
import { recordedClients, recordingOf } from '../replay.ts'

const MESH = 'chapter-10/ill'
const pods = recordingOf(MESH).calls.flatMap(({ call, json }) =>
  call.startsWith('kubernetes list') && Array.isArray(json)
    ? (json as { kind: string; metadata: { name: string; namespace: string } }[]).filter(
        ({ kind, metadata }) => kind === 'Pod' && metadata.name.startsWith('catalog-v2-'),
      )
    : [],
)
const name = pods[0]!.metadata.name
const VIOLATES =
  'pods "x" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities (container "mesh-medic-capture-a" must not include "NET_RAW" in securityContext.capabilities.add)'

/** What the API server takes there, by Pod Security. */
const refusing = (...forms: CaptureForm[]) => ({
  refusesCapture: (_permit: unknown, _pod: unknown, { form }: { form: CaptureForm }) =>
    Promise.resolve(forms.includes(form) ? VIOLATES : undefined),
})
const prepared = (target: string, writer: ReturnType<typeof refusing>, namespace?: string) =>
  prepareCapture(
    'abc',
    parseTarget(target, 'istioinaction'),
    planCapture({ port: 3000 }),
    { clients: recordedClients(MESH), writer, namespace },
    { signal: new AbortController().signal },
  )

it('takes the least invasive way that the API server takes, and says what stays behind', async () => {
  const pod = `pod/${name}`
  const first = await prepared(pod, refusing(), 'own')
  expect(first.wanted).toEqual({ form: 'container', seconds: 90 })
  expect(first.notes.join()).toContain('container mesh-medic-capture-abc, which ends and stays in the pod')
  expect((await prepared(pod, refusing('container'), 'own')).wanted).toEqual({ form: 'plain-container', seconds: 90 })
  const last = await prepared(pod, refusing('container', 'plain-container'), 'own')
  expect(last.wanted).toEqual({ form: 'pod', seconds: 90, namespace: 'own' })
  expect(last.notes.join()).toContain('deleted at the end')
})

it('where none is taken: why, and the debug log instead', async () => {
  const none = prepared(`pod/${name}`, refusing('container', 'plain-container'))
  await expect(none).rejects.toThrow(
    'a container with NET_RAW: violates PodSecurity "restricted:latest": unrestricted capabilities; a container with',
  )
  const remedies = await none.catch((error: unknown) => (error as { remedies: string[] }).remedies)
  expect(remedies).toContainEqual(expect.stringContaining('capture.namespace'))
  expect(remedies).toContainEqual(
    expect.stringMatching(/^mesh-medic log-level pod\/.* http:debug,router:debug,connection:debug,pool:debug/),
  )
  expect(remedies).toContainEqual(expect.stringContaining('mesh-medic timeline --file'))
})

it('several pods: one has to be named', async () => {
  await expect(prepared('deploy/catalog-v2', refusing())).rejects.toThrow(
    'catalog-v2 has 2 pods, and packets are captured of one at a time.',
  )
})

it('what is noted of a capture is read again; anything else is not', () => {
  for (const wanted of [
    { form: 'container', seconds: 90 },
    { form: 'plain-container', seconds: 1 },
    { form: 'pod', seconds: 360, namespace: 'own' },
  ] as const)
    expect(parseCaptureSetting(captureSetting(wanted))).toEqual(wanted)
  for (const value of [
    undefined,
    '',
    'none',
    'pod for 9 s',
    'container for 9 s in x',
    'other for 9 s',
    'container for 99999 s',
  ])
    expect(parseCaptureSetting(value)).toBeUndefined()
})

const lease = {
  id: 'abc',
  lent: { [PACKET_CAPTURE]: 'container for 90 s' },
  proxies: [{ pod: { kind: 'Pod', namespace: 'shop', name: 'a' } }],
} as unknown as LeaseRecord

function captured(pieces: readonly Uint8Array[], said: string, options: Parameters<typeof planCapture>[0] = {}) {
  const output = new PassThrough()
  for (const piece of pieces) output.write(piece)
  output.end()
  const running: Running = { output, ended: Promise.resolve({ said, exitCode: 0 }), close: () => undefined }
  const kept: Uint8Array[] = []
  const report = capturePackets(
    { writer: { capturePackets: () => Promise.resolve(running) } },
    lease,
    planCapture(options),
    (piece) => void kept.push(piece),
    new AbortController().signal,
  )
  return { report, kept }
}

it('explains what comes, keeps headers alone, and says what the kernel dropped', async () => {
  const { report, kept } = captured(
    [recordedCapture('slow-pod-lo')],
    '133 packets captured\n140 packets received by filter\n7 packets dropped by kernel\n',
  )
  const { stories, limits } = await report
  expect(stories[0]?.says).toContain("GET /items; 496 to 503 ms later the proxy's side closed (FIN)")
  expect(limits[0]).toBe('7 packets were dropped by the kernel while capturing: what looks lost may have been there.')
  expect(Buffer.concat(kept).toString('latin1')).not.toContain('user-agent')
  const whole = captured([recordedCapture('slow-pod-lo')], '133 packets captured', { payload: true })
  await whole.report
  expect(Buffer.concat(whole.kept).toString('latin1')).toContain('user-agent')
})

it('nothing passed: an empty capture that can be opened; nothing could be captured: tcpdump says why', async () => {
  const { report, kept } = captured([pcap([])], '0 packets captured')
  expect((await report).packets).toBe(0)
  expect(Buffer.concat(kept)).toHaveLength(24)
  await expect(
    captured([pcap([])], "tcpdump: Couldn't change to 'tcpdump' uid=100 gid=101: Operation not permitted").report,
  ).rejects.toThrow("Nothing could be captured: tcpdump: Couldn't change to 'tcpdump'")
  await expect(captured([], 'sh: tcpdump: not found').report).rejects.toThrow('tcpdump: not found')
})
