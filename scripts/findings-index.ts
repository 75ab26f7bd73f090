import type { Check, Code, Problem } from '../src/checks/check.ts'

const HEAD = `# Findings

A page for every code. Codes are permanent; the first two digits say the field: 01 routing, 02 sync, 03 endpoints, 04 traffic, 05 security, 06 gateway, 07 workload, 09 control plane.
What confirms each of them, and each message of \`istioctl analyze\`, in the proxies and in traffic: [the evidence ladder](evidence-ladder.md).

| code | what | severity | check |
|---|---|---|---|
`

/** Every code with its problem and the check that finds it, by code. */
export function problemsOf(checks: readonly Check[]): { code: Code; problem: Problem; check: Check }[] {
  return checks
    .flatMap((check) =>
      (Object.entries(check.problems) as [Code, Problem][]).map(([code, problem]) => ({ code, problem, check })),
    )
    .sort((a, b) => a.code.localeCompare(b.code, 'en'))
}

/** The text of docs/findings/README.md. */
export function findingsIndex(checks: readonly Check[]): string {
  return (
    HEAD +
    problemsOf(checks)
      .map(
        ({ code, problem, check }) =>
          `| [${code}](${code}.md) | ${problem.title} | ${problem.severity} | ${check.name} |\n`,
      )
      .join('')
  )
}
