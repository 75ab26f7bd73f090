import { describe, expect, it } from 'vitest'
import { parseRecording, type Recording } from '../../src/evidence/clients/recording.ts'
import { replay } from '../replay.ts'
import { PHASES, situations } from '../situation.ts'
import { diagnosed, recordingText, saidBy } from './moved-mesh.ts'

/** Another name that sorts as the usual one does, for lists are sorted by it. */
const ELSEWHERE = 'istio-sysops'

/** istioctl finds nothing where it looks of itself, and the same as before where it is sent. */
function moved(text: string): Recording {
  const recording = parseRecording(text.replaceAll('istio-system', ELSEWHERE))
  const nothing = { reason: 'unavailable', detail: 'no running Istio pods in namespace "istio-system"' } as const
  return {
    ...recording,
    calls: recording.calls.flatMap((call) => {
      if (/^istioctl (?:proxy-status|analyze) /.test(call.call))
        return [
          { call: call.call, failed: nothing },
          { ...call, call: call.call.replace(/ -o json$/, ` --istioNamespace ${ELSEWHERE} -o json`) },
        ]
      if (call.call.startsWith('kubernetes list configmaps.v1 -n '))
        return [call, { call: call.call.replace(ELSEWHERE, 'istio-system'), json: [] }]
      return [call]
    }),
  }
}

/** With the old names; without times, and without the lists of what was looked at, in which one look more stands and the order is another. */
function back(text: string): string {
  const old = text.replaceAll(` --istioNamespace ${ELSEWHERE}`, '').replaceAll(ELSEWHERE, 'istio-system')
  return JSON.stringify(JSON.parse(old), (key, value: unknown) =>
    ['plan', 'readings', 'at'].includes(key) ? undefined : value,
  )
}

describe('a mesh whose control plane, and root namespace with it, is elsewhere', () => {
  it.each(situations().flatMap(({ name, ask }) => PHASES.map((phase) => ({ name, phase, ask }))))(
    'is judged no other way: $name, $phase',
    async ({ name, phase, ask }) => {
      const report = await diagnosed(
        moved(recordingText(`${name}/${phase}`)),
        ask.replaceAll('istio-system', ELSEWHERE),
      )
      const there = saidBy(name, report, back)
      const here = saidBy(name, await replay(`${name}/${phase}`), back)
      if (there.json !== here.json) expect(JSON.parse(there.json)).toEqual(JSON.parse(here.json))
    },
  )
})
