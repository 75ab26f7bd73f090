import { expect, it } from 'vitest'
import { blamedIn } from './blamed.ts'

const from = 'application-errors/ill'

it('an application that answers 500 is to blame itself', async () => {
  const { best } = await blamedIn({ name: 'as recorded', from })
  expect(best).toEqual([{ kind: 'Deployment', namespace: 'istioinaction', name: 'catalog' }])
})

it('a gateway has no application that could have answered what it passed on', async () => {
  const { findings } = await blamedIn({
    name: 'pods that are proxies alone',
    from,
    changes: [
      {
        kind: 'pods',
        merge: { name: 'istioinaction/catalog-*', into: { spec: { containers: [{ name: 'istio-proxy' }] } } },
      },
    ],
  })
  expect(findings.filter(({ code }) => code === 'MESH0431')).toEqual([])
})
