import type { Seen } from '../evidence/reading.ts'
import type { KialiValidation } from '../evidence/kiali.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Found, Problem } from './check.ts'
import { defineCheck, proof } from './check.ts'

const TOLD: Pick<Problem, 'says' | 'remedy'> = {
  says: 'Kiali says of {subject}: {analyzer} {message}',
  remedy:
    "See {analyzer} in Kiali's documentation, Features, Validations: https://kiali.io/docs/features/validations/.",
}

/** What Kiali holds against the target's objects and no check of ours, nor an analyzer, has judged: never more than configured. */
export const kialiValidation = defineCheck({
  name: 'kiali-validation',
  about: "Kiali holds nothing against the target's objects",
  needs: ['kiali-validations'],
  optional: true,
  problems: {
    MESH0192: { severity: 'warning', title: 'Kiali warning', ...TOLD },
    MESH0193: { severity: 'info', title: 'Kiali note', ...TOLD },
  },
  run(evidence) {
    return evidence
      .seen('kiali-validations')
      .flatMap((reading) =>
        [
          ...Map.groupBy(
            reading.value.validations,
            ({ of, code, message }) => `${formatRef(of)} ${code} ${message}`,
          ).values(),
        ].flatMap((same) => found(reading, same)),
      )
  },
})

/** One finding of what is said of several places in one object. */
function found(reading: Seen<'kiali-validations'>, same: readonly KialiValidation[]): Found[] {
  const [first] = same
  if (first === undefined) return []
  const { of, code, severity, message } = first
  const paths = same.map(({ path }) => path).filter((path) => path !== '')
  return [
    {
      code: severity === 'unknown' ? 'MESH0193' : 'MESH0192',
      standing: 'configured',
      subject: of,
      args: { analyzer: code, level: severity, message: message.replace(/\.$/, '') },
      because: [
        proof(
          reading,
          `Kiali says of ${formatRef(of)}: ${code} ${message}${severity === 'unknown' ? '' : ` (${severity})`}`,
          paths.length === 0 ? undefined : paths.join('\n'),
        ),
      ],
    },
  ]
}
