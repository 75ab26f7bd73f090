import { Evidence } from '../../../src/evidence/evidence.ts'
import type { Reading } from '../../../src/evidence/reading.ts'
import type { AccessLogLine } from '../../../src/mesh/access-log.ts'
import type { Target } from '../../../src/mesh/target.ts'
import { replay } from '../../replay.ts'

/** A recorded mesh in which every gateway's log is what `log` makes of its lines, and lists of objects hold what `objects` puts in their place. */
export async function edited(
  from: string,
  {
    log = (lines) => lines,
    objects = {},
  }: {
    log?: (lines: AccessLogLine[]) => AccessLogLine[]
    objects?: Partial<Record<Reading['kind'], readonly unknown[]>>
  },
): Promise<{ evidence: Evidence; target: Target }> {
  const { readings, target } = await replay(from)
  const edit = (reading: Reading): Reading => {
    const put = objects[reading.kind]
    if (put !== undefined) {
      const { kind, source, at } = reading
      return { kind, source, at, ok: true, value: put } as unknown as Reading
    }
    if (reading.kind !== 'access-log' || !reading.ok) return reading
    const isGateway = reading.of?.namespace === 'istio-system'
    return { ...reading, value: { ...reading.value, lines: isGateway ? log([...reading.value.lines]) : [] } }
  }
  const known = new Set<string>(readings.map(({ kind }) => kind))
  const added = Object.entries(objects).flatMap(([kind, value]) =>
    known.has(kind) ? [] : [{ kind, source: kind, at: readings[0]?.at ?? '', ok: true, value } as unknown as Reading],
  )
  return { evidence: new Evidence([...readings.map(edit), ...added]), target }
}
