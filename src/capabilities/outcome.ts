import type { Check } from '../checks/check.ts'
import { statusHeadline, statusVerdict } from '../report/mesh-status-text.ts'
import { headline } from '../report/telling.ts'
import type { RunRecord } from '../store/runs.ts'
import type { RunAnswer } from './run-thread.ts'

/** An answer as one word and one sentence, for the record and the audit. */
export function outcomeOf(checks: readonly Check[], answer: RunAnswer): NonNullable<RunRecord['outcome']> {
  switch (answer.kind) {
    case 'diagnose':
      return { verdict: answer.report.verdict, sentence: headline(checks, answer.report) }
    case 'status':
      return { verdict: statusVerdict(answer.status), sentence: statusHeadline(answer.status) }
    case 'doctor': {
      const bad = answer.items.filter(({ ok }) => !ok).length
      return { verdict: bad === 0 ? 'healthy' : 'ill', sentence: `${bad} of ${answer.items.length} self-tests failed` }
    }
    case 'follow':
      return { verdict: answer.report.outcome, sentence: answer.report.headline }
    case 'propose':
      return 'change' in answer
        ? { verdict: 'proposed', sentence: `change ${answer.change}` }
        : 'none' in answer
          ? { verdict: 'none', sentence: answer.none }
          : { verdict: 'choice', sentence: `${answer.candidates.length} candidates` }
    case 'decide':
      return { verdict: 'decided', sentence: `change ${answer.change}` }
    case 'lend':
      return { verdict: 'lent', sentence: `lease ${answer.lease}` }
    case 'log-levels':
      return { verdict: 'shown', sentence: `log levels of ${answer.proxies.length} proxies` }
  }
}
