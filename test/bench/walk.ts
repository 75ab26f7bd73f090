import { parseFollow } from '../../src/diagnosis/follow/question.ts'
import { followIn } from '../../src/diagnosis/follow-in.ts'
import { follow } from '../../src/diagnosis/follow.ts'
import { callerOf } from '../../src/diagnosis/follow/caller.ts'
import { Evidence } from '../../src/evidence/evidence.ts'
import { replayClients } from '../../src/evidence/clients/recording.ts'
import { PROXY_CONFIG_KINDS } from '../../src/evidence/collectors/proxy-config.ts'
import type { Reading } from '../../src/evidence/reading.ts'
import { proxyOf } from '../../src/diagnosis/follow/trace.ts'
import { sentFromPod } from '../../src/diagnosis/follow/destination.ts'
import { walkOutbound } from '../../src/mesh/walk/outbound.ts'
import { bigRecording } from './big-mesh.ts'
import { median, round, timed } from './figures.ts'

const SERVICES = 2000
const ROUNDS = 20

/** Walking one request through a sidecar's configuration in a mesh of 2,000 services, after parsing: the walk alone, and the whole report told from it. */
export async function benchWalk(): Promise<Record<string, unknown>> {
  const recording = bigRecording(SERVICES)
  const question = parseFollow(`service-${SERVICES - 1}.istioinaction.svc.cluster.local/items?page=2`, {
    from: 'deploy/catalog',
    namespace: 'istioinaction',
    headers: ['x-tier=gold'],
  })
  const readings: Reading[] = []
  const clients = replayClients(recording)
  await follow(question, clients, { onFinished: (_, reading) => readings.push(reading) })
  const evidence = new Evidence(readings)
  const caller = callerOf(question, evidence)
  const pod = evidence.object('pods', caller.pod.namespace ?? '', caller.pod.name)
  if (pod === undefined) throw new Error('the caller is not among the pods')
  const megabytes =
    PROXY_CONFIG_KINDS.reduce(
      (sum, kind) => sum + JSON.stringify(evidence.seenOf(kind, caller.pod)?.value, null, 4).length,
      0,
    ) / 1e6
  const walks: number[] = []
  const reports: number[] = []
  for (let one = 0; one < ROUNDS; one += 1) {
    walks.push(
      await timed(() => {
        const { connection, request } = sentFromPod(question, pod, evidence)
        const { clusters } = walkOutbound(proxyOf(caller.pod, evidence), connection, request)
        if (clusters[0]?.name !== `outbound|80||service-${SERVICES - 1}.istioinaction.svc.cluster.local`)
          throw new Error(`walked to ${JSON.stringify(clusters)}`)
        return Promise.resolve()
      }),
    )
    reports.push(await timed(() => Promise.resolve(followIn(question, caller, evidence, { at: 'now' }))))
  }
  return {
    services: SERVICES,
    dumpMegabytes: round(megabytes),
    listeners: evidence.seenOf('listeners', caller.pod)?.value.length,
    rounds: ROUNDS,
    walkMilliseconds: { median: round(median(walks)), max: round(Math.max(...walks)) },
    reportMilliseconds: { median: round(median(reports)), max: round(Math.max(...reports)) },
    wanted: '<= 150',
  }
}
