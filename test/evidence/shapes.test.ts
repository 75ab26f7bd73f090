import { describe, expect, it } from 'vitest'
import { parseProxyStatus } from '../../src/mesh/proxy-status.ts'
import { inShape } from '../../src/mesh/shape/answer.ts'
import { SHAPES } from '../../src/mesh/shape/shapes.ts'
import { recordingOf } from '../replay.ts'
import { answerOf, typedFields } from './typed-fields.ts'

/** An answer as its collector holds it: istioctl prints one document of its status for each istiod. */
const held = (answer: string, json: unknown): unknown => (answer === 'proxy-status' ? [json] : json)

describe.each(['chapter-10/ill', 'token-issuer/ill', 'authorization-denied/ill'])('the answers of %s', (from) => {
  const answers = recordingOf(from).calls.flatMap(({ call, json }) => {
    const answer = answerOf(call)
    return answer === undefined || json === undefined || SHAPES.answers[answer] === undefined
      ? []
      : [{ answer, json: held(answer, json) }]
  })

  it('have the form that they are read in', () => {
    expect(answers.length).toBeGreaterThan(20)
    for (const { answer, json } of answers) inShape(answer, json)
  })

  it('are refused when a field has another type, and it is said where', () => {
    const passed: string[] = []
    const tried = new Set<string>()
    for (const { answer, json } of answers) {
      const copy = structuredClone(json)
      for (const { path, holder, key, others } of typedFields(answer, copy)) {
        if (tried.has(path)) continue
        tried.add(path)
        const was = holder[key]
        for (const other of others) {
          holder[key] = other
          try {
            inShape(answer, copy)
            passed.push(`${path} = ${JSON.stringify(other)}`)
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError)
            expect((error as Error).message, path).toContain(`${key}: expected `)
          }
        }
        holder[key] = was
      }
    }
    expect(tried.size).toBeGreaterThan(300)
    expect(passed).toEqual([])
  })
})

it('what is null where it may be missing is missing, and nothing is changed for whoever else has the answer', () => {
  const slice = {
    kind: 'EndpointSlice',
    metadata: { name: 'a' },
    endpoints: null,
    ports: [{ name: 'http', port: null }],
  }
  const given = Object.freeze([Object.freeze(slice)])
  expect(inShape('endpoint-slices', given as unknown)).toEqual([
    { kind: 'EndpointSlice', metadata: { name: 'a' }, ports: [{ name: 'http' }] },
  ])
  expect(given[0]?.endpoints).toBeNull()
  expect(() => inShape('endpoint-slices', [{ ...slice, metadata: null }] as unknown)).toThrow('0.metadata: expected an object, found null') // prettier-ignore
})

it('a text is no status of proxies', () => {
  expect(() => parseProxyStatus('"odd"')).toThrow(SyntaxError)
})
