import { describe, expect, it } from 'vitest'
import { reports } from './report.ts'
import type { Told } from './report-score.ts'
import { scoreOf } from './report-score.ts'

const ill = reports().find(({ name }) => name === 'delegate-outside-its-root')!
const healthy = reports().find(({ truth }) => truth.verdict === 'healthy')!
const virtualService = (name: string) => ({ subject: { kind: 'VirtualService', namespace: ill.namespace, name } })
const blames = (name: string): Told => ({ verdict: 'ill', cause: { finding: virtualService(name) } })

describe('scoreOf', () => {
  it('takes the object that a person would change, and what would mend it as well', () => {
    expect(scoreOf(ill, blames('orders-routes'))).toBe('right')
    expect(scoreOf(ill, blames('orders'))).toBe('right')
    expect(scoreOf(ill, blames('other'))).toBe('wrong')
  })

  it('takes a true object among siblings, and as one of three candidates', () => {
    const other = virtualService('other')
    const { subject } = virtualService('orders')
    expect(scoreOf(ill, { verdict: 'ill', cause: { finding: { ...other, subjects: [subject] } } })).toBe('right')
    expect(scoreOf(ill, { verdict: 'ill', candidates: [other, { subject }] })).toBe('candidate')
    expect(scoreOf(ill, { verdict: 'ill', candidates: [other, other, other, { subject }] })).toBe('no-cause')
  })

  it('tells health claimed from health not known', () => {
    expect(scoreOf(ill, { verdict: 'healthy' })).toBe('MISSED')
    expect(scoreOf(ill, { verdict: 'unclear' })).toBe('unclear')
    expect(scoreOf(ill, { verdict: 'ill' })).toBe('no-cause')
    expect(scoreOf(ill, undefined)).toBe('no-report')
  })

  it('takes an illness where there is none for a false alarm', () => {
    expect(scoreOf(healthy, blames('orders'))).toBe('FALSE-ALARM')
    expect(scoreOf(ill, blames('orders'), true)).toBe('FALSE-ALARM')
    expect(scoreOf(ill, { verdict: 'healthy' }, true)).toBe('silent')
  })
})
