import { Evidence } from '../../evidence/evidence.ts'
import type { Reading } from '../../evidence/reading.ts'
import type { Target } from '../../mesh/target.ts'
import { followEvery } from '../requests/follow-every.ts'
import type { ProbedClass } from '../requests/probed-class.ts'
import { chooseClasses } from './choose.ts'
import type { PlannedProbes, Probing } from './probing.ts'
import { sendProbes, type SendOptions } from './send.ts'

/** What was read of a mesh, with what probes added. */
export interface ProbedMesh {
  readings: readonly Reading[]
  /** What probes tell, by the keys of their classes. */
  classes?: ReadonlyMap<string, ProbedClass>
  probing?: Probing
}

/** Sends a probe for the classes that nobody was seen to ask for, and finds it in the logs. Says before what it will send. */
export async function probe(
  target: Target,
  readings: readonly Reading[],
  {
    announce,
    ...options
  }: Omit<SendOptions, 'readings'> & { announce?: ((planned: PlannedProbes) => Promise<void>) | undefined },
): Promise<ProbedMesh> {
  const evidence = new Evidence(withoutProbes(readings))
  const { context } = options.clients
  const { followed } = await followEvery(target, evidence, { context, at: options.clients.now().toISOString() })
  const { chosen, left } = chooseClasses(followed, target, evidence)
  await announce?.({ send: chosen.map(({ request }) => request), left })
  if (chosen.length === 0) return { readings: withoutProbes(readings), probing: { sent: [], left } }
  const probed = await sendProbes(chosen, { ...options, readings: () => withoutProbes(readings) })
  return { readings: probed.readings, classes: probed.classes, probing: { sent: probed.sent, left } }
}

/** The readings without what earlier probes left in the logs: nobody's requests, whose class is not known any more. */
export function withoutProbes(readings: readonly Reading[]): Reading[] {
  return readings.map((reading) =>
    reading.kind === 'access-log' && reading.ok && reading.value.lines.some(({ probe: id }) => id !== undefined)
      ? {
          ...reading,
          value: { ...reading.value, lines: reading.value.lines.filter(({ probe: id }) => id === undefined) },
        }
      : reading,
  )
}
