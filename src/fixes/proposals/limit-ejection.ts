import { refOf } from '../../mesh/objects.ts'
import { formatRef } from '../../mesh/ref.ts'
import { textArg } from '../drafting/finding-args.ts'
import { applyTo } from '../manifest.ts'
import { defineFix } from '../proposal.ts'

/** Half of the endpoints: those that stay take the requests. */
const MOST = 50

interface Detecting {
  outlierDetection?: { maxEjectionPercent?: number }
  portLevelSettings?: unknown
}

/** Keeps outlier detection from leaving out every endpoint: with none left, no request gets through. */
export const limitEjection = defineFix({
  act: 'limit-ejection',
  about: "lowers the share of endpoints that a DestinationRule's outlier detection may eject",
  codes: ['MESH0308'],
  propose(finding, evidence) {
    const { code, subject } = finding
    const rule =
      subject.kind === 'DestinationRule'
        ? evidence.object('destination-rules', subject.namespace ?? '', subject.name)
        : undefined
    const policy = rule?.spec?.trafficPolicy as Detecting | undefined
    const own = (rule?.spec?.subsets ?? []).some(
      ({ trafficPolicy }) => (trafficPolicy as Detecting | undefined)?.outlierDetection !== undefined,
    )
    const percent = policy?.outlierDetection?.maxEjectionPercent ?? 0
    // Of a lone endpoint no share can be left, and settings of subsets and ports would not follow this one.
    if (
      rule === undefined ||
      percent <= MOST ||
      policy?.portLevelSettings !== undefined ||
      own ||
      Number(finding.args.endpoints) < 2
    )
      return []
    const name = formatRef(refOf(rule))
    return [
      {
        act: 'limit-ejection',
        for: code,
        title: `Eject at most half of the endpoints of ${textArg(finding, 'host')}`,
        why: `${name} lets callers eject ${percent} % of the endpoints, and all ${textArg(finding, 'endpoints')} of them are ejected; with ${MOST} % some stay, and the change makes callers try all of them again.`,
        effect: `Callers of ${textArg(finding, 'host')} send requests again, to half of the endpoints at least, whatever these answer.`,
        risk: {
          level: 'medium',
          says: "The cause of the endpoints' errors remains: requests reach them, and may be answered with those errors.",
        },
        undo: `Puts maxEjectionPercent back to ${percent}.`,
        writes: [applyTo(rule, { spec: { trafficPolicy: { outlierDetection: { maxEjectionPercent: MOST } } } })],
      },
    ]
  },
})
