import { readersIn, type LineReader } from '../../mesh/access-log-format.ts'
import { filterLogs } from '../../mesh/access-log-filters.ts'
import { ofKinds } from './fact.ts'

/** Readers of the access-log formats that the mesh configuration and EnvoyFilters name. */
export const logReadersOf = ofKinds(['mesh-config', 'envoy-filters'], (evidence): readonly LineReader[] => [
  ...evidence.objects('mesh-config').flatMap(readersIn),
  ...evidence.objects('envoy-filters').flatMap((filter) => filterLogs(filter).flatMap(({ reader }) => reader ?? [])),
])
