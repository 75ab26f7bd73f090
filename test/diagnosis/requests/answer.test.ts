import { describe, expect, it } from 'vitest'
import { answerOf, type Answer } from '../../../src/diagnosis/requests/answer.ts'
import { request, type Line } from './rows.ts'

describe('what came of a request', () => {
  it.each<[Line, Answer]>([
    ['ok', 'answered'],
    ['broken', 'failed'],
    ['empty', 'failed'],
    ['nr', 'failed'],
    ['rbac', 'failed'],
    ['limited', 'failed'],
    ['unknown', 'declined'],
    ['moved', 'declined'],
    ['redirect', 'declined'],
    ['token', 'declined'],
    ['asked', 'declined'],
    ['notAsked', 'failed'],
    ['gone', 'unknown'],
    ['tcp', 'answered'],
    ['tcpFailed', 'failed'],
    ['noChain', 'failed'],
    ['dark', 'unknown'],
  ])('%s: %s', (line, answer) => expect(answerOf(request(line))).toBe(answer))

  it.each<[caller: Line, sidecar: Line, Answer]>([
    ['ok', 'ok', 'answered'],
    // The caller's proxy cannot tell a refusal of the sidecar from one of the application.
    ['unknown', 'nr', 'failed'],
    ['unknown', 'unknown', 'declined'],
    ['unknown', 'token', 'declined'],
    ['moved', 'moved', 'declined'],
    // What the caller got counts, whatever the sidecar made of it.
    ['broken', 'ok', 'failed'],
    ['gone', 'broken', 'unknown'],
  ])('%s at the caller, %s at the sidecar: %s', (line, inner, answer) =>
    expect(answerOf(request(line, 1, inner))).toBe(answer),
  )
})
