import { describe, expect, it } from 'vitest'
import { controllersWord, type ControllersWord } from '../../src/fixes/controllers-word.ts'
import type { StoredWrite } from '../../src/fixes/record.ts'
import { evidenceOf, type Case } from '../checks/cases.ts'
import { sampleChange } from '../slack/blocks/change-samples.ts'
import type { z } from 'zod'

const ROUTE = { kind: 'HTTPRoute', namespace: 'istioinaction-front', name: 'catalog' }
const GRANT: z.infer<typeof StoredWrite> = {
  verb: 'apply',
  ref: { kind: 'ReferenceGrant', namespace: 'istioinaction', name: 'from-front' },
  apiVersion: 'gateway.networking.k8s.io/v1beta1',
  manifest: '',
  was: 'absent',
}
const LISTENER: z.infer<typeof StoredWrite> = {
  ...GRANT,
  ref: { kind: 'Gateway', namespace: 'istio-system', name: 'istioinaction-shop' },
  apiVersion: 'gateway.networking.k8s.io/v1',
}

async function word(
  from: string,
  write: z.infer<typeof StoredWrite>,
  changes: Case['changes'] = [],
): Promise<ControllersWord> {
  const { evidence, target } = await evidenceOf({ name: from, sort: 'finds', from, changes, finds: [] })
  return controllersWord(sampleChange({ subject: ROUTE, writes: [write] }), evidence, target)
}
const merged = (into: unknown): Case['changes'] => [
  { kind: 'http-routes', merge: { name: 'istioinaction-front/catalog', into } },
]

describe("Istio's controllers, of the route that a change was made for", () => {
  it('agree when it is accepted and all of its references are resolved', async () => {
    expect(await word('reference-not-granted/mended', GRANT)).toEqual({
      agrees:
        "Istio's controller says Accepted and ResolvedRefs for HTTPRoute istioinaction-front/catalog, generation 1",
    })
  })

  it('are asked of the routes of a Gateway that was written', async () => {
    expect(await word('reference-not-granted/mended', LISTENER)).toHaveProperty('agrees')
  })

  it('are against it while the status still says so', async () => {
    expect((await word('reference-not-granted/ill', GRANT)).against).toMatch(
      /^Istio's controller says ResolvedRefs=False RefNotPermitted for HTTPRoute istioinaction-front\/catalog: backendRef /,
    )
  })

  it('have not judged what is newer than the status', async () => {
    expect(await word('reference-not-granted/mended', GRANT, merged({ metadata: { generation: 2 } }))).toEqual({
      against: "Istio's controller has not processed generation 2 of HTTPRoute istioinaction-front/catalog yet",
    })
  })

  it('are not those of other implementations', async () => {
    const status = {
      parents: [{ controllerName: 'example.com/other', conditions: [{ type: 'Accepted', status: 'True' }] }],
    }
    expect(await word('reference-not-granted/mended', GRANT, merged({ status }))).toHaveProperty('against')
  })

  it('say nothing of changes of other objects', async () => {
    expect(await word('reference-not-granted/mended', { ...GRANT, apiVersion: 'networking.istio.io/v1' })).toEqual({})
  })
})
