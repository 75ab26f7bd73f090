import { fact } from '../../checks/facts/fact.ts'
import { allRoutes } from '../../checks/facts/routes.ts'

/** The parameters of queries that routes ask for, whatever they are for. */
const parametersAskedFor = fact(
  (evidence): ReadonlySet<string> =>
    new Set(
      allRoutes(evidence)
        .flatMap(({ spec }) => spec?.http ?? [])
        .flatMap(({ match = [] }) => match.flatMap(({ queryParams = {} }) => Object.keys(queryParams))),
    ),
)

/** A path with those parameters of its query alone that some route asks for: by the others, no two requests differ for the mesh. */
export const withAskedQuery = fact((evidence, target) => {
  const asked = parametersAskedFor(evidence, target)
  return (path: string): string => {
    const [, plain = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?/s.exec(path) ?? []
    const kept = query.split('&').filter((pair) => asked.has(pair.replace(/=.*$/s, '')))
    return kept.length === 0 ? plain : `${plain}?${kept.toSorted().join('&')}`
  }
})
