import { expect, it } from 'vitest'
import { blamedIn } from './blamed.ts'

const PORT = { name: 'grpc', port: 80, targetPort: 3000, protocol: 'TCP' }
const speaksGrpc = {
  kind: 'services',
  merge: { name: 'istioinaction/catalog', into: { spec: { ports: [PORT] } } },
}

it('an application that cuts some connections and answers others on the same pod speaks the protocol of its callers', async () => {
  const { followed, best } = await blamedIn({
    name: 'some are cut',
    from: 'keep-alive-race/ill',
    changes: [speaksGrpc],
  })
  expect(followed.map(({ outcome }) => outcome)).toContain('fails')
  expect(best).toEqual([])
})

it('one that cuts all of them may speak another', async () => {
  const { best } = await blamedIn({
    name: 'all are cut',
    from: 'keep-alive-race/ill',
    changes: [
      speaksGrpc,
      {
        kind: 'access-log',
        of: 'Pod istioinaction/*',
        lines: {
          where: { code: 200 },
          into: {
            code: 503,
            flags: ['UC'],
            details: 'upstream_reset_before_response_started{connection_termination}',
          },
        },
      },
      { kind: 'access-log', of: 'Pod istio-system/*', lines: { where: { code: 200 }, into: { code: 503 } } },
    ],
  })
  expect(best).toEqual([{ kind: 'Service', namespace: 'istioinaction', name: 'catalog' }])
})
