import { conflictsWithItself, isAboutCopiedAnnotation } from '../mesh/analyzer.ts'
import { formatRef } from '../mesh/ref.ts'
import type { Found } from './check.ts'
import { defineCheck, proof } from './check.ts'
import { contradiction } from './facts/contradiction.ts'

/** What Istio's analyzers say and no check of ours has judged: never more than configured, and with what the proxies say against it. */
export const analyzerMessage = defineCheck({
  name: 'analyzer-message',
  about: "Istio's analyzers report nothing for the namespace",
  needs: ['analyzer-messages'],
  confirms: ['routes', 'clusters', 'endpoints'],
  problems: {
    MESH0190: {
      severity: 'warning',
      title: 'analyzer message',
      says: '{analyzer}: {message}',
      remedy: 'See {documentation}.',
    },
    MESH0191: {
      severity: 'info',
      title: 'analyzer note',
      says: '{analyzer}: {message}',
      remedy: 'See {documentation}.',
    },
  },
  run(evidence) {
    return evidence.seen('analyzer-messages').flatMap((reading) =>
      reading.value
        .filter((one) => !conflictsWithItself(one) && !isAboutCopiedAnnotation(one))
        .map((one): Found => {
          const { code, level, message, origin, documentation } = one
          return {
            code: level === 'Info' ? 'MESH0191' : 'MESH0190',
            standing: 'configured',
            subject: origin ?? reading.of ?? { kind: 'Cluster', name: 'mesh' },
            args: {
              analyzer: code,
              level,
              message: message.replace(/\.$/, ''),
              documentation:
                documentation ?? `https://istio.io/latest/docs/reference/config/analysis/${code.toLowerCase()}/`,
            },
            because: [
              proof(reading, `${level} ${code}${origin === undefined ? '' : ` (${formatRef(origin)})`}: ${message}`),
              ...contradiction(one, evidence),
            ],
          }
        }),
    )
  },
})
