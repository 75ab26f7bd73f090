import { expect, it } from 'vitest'
import { progressLine } from '../../src/cli/progress.ts'
import type { PlannedStep } from '../../src/diagnosis/report.ts'

const step = (id: string, outcome: PlannedStep['outcome']): PlannedStep => ({
  id,
  kind: 'pods',
  group: 'objects',
  title: `pods in ${id}`,
  command: 'kubectl get pods',
  outcome,
})
const drawnOn = (isTTY: boolean, columns: number, plan: PlannedStep[]): string => {
  let drawn = ''
  const line = progressLine({
    isTTY,
    columns,
    write: (text) => {
      drawn += text
    },
  })
  line.steps(plan)
  line.steps(plan)
  line.clear()
  return drawn
}
const PLAN = [step('a', 'seen'), step('b', 'blind'), step('c', 'running'), step('d', 'running'), step('e', 'waiting')]

it('one line on a terminal, drawn when it changes, taken away at the end', () => {
  expect(drawnOn(true, 80, PLAN)).toBe('\r\u001b[2K2 of 5, 1 not seen  pods in c, +1\r\u001b[2K')
})

it('never longer than the terminal is wide', () => {
  expect(drawnOn(true, 10, PLAN)).toBe('\r\u001b[2K2 of 5, 1\r\u001b[2K')
})

it('nothing where nobody looks', () => {
  expect(drawnOn(false, 80, PLAN)).toBe('')
})
