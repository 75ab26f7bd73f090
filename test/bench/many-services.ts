import type { Clients } from '../../src/evidence/clients/clients.ts'
import { recordedClients } from '../replay.ts'

/** The recorded mesh with the catalog's Service under so many more names, `catalog-0` and on: the same target would be joined, not opened anew. */
export function manyServices(count: number): Clients {
  const recorded = recordedClients('chapter-10/ill')
  const { kubernetes } = recorded
  return {
    ...recorded,
    kubernetes: {
      ...kubernetes,
      list: async (resource, where, signal) => {
        const objects = await kubernetes.list(resource, where, signal)
        const catalog =
          resource.plural === 'services'
            ? objects.find(({ metadata }) => metadata.name === 'catalog' && metadata.namespace === 'istioinaction')
            : undefined
        return catalog === undefined
          ? objects
          : [
              ...objects,
              ...Array.from({ length: count }, (_, index) => ({
                ...catalog,
                metadata: { ...catalog.metadata, name: `catalog-${index}` },
              })),
            ]
      },
    },
  }
}
