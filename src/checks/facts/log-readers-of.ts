import { readersIn, type LineReader } from '../../mesh/access-log-format.ts'
import { ofKinds } from './fact.ts'

/** Readers of the access-log formats that the mesh configuration names. */
export const logReadersOf = ofKinds(['mesh-config'], (evidence): readonly LineReader[] =>
  evidence.objects('mesh-config').flatMap(readersIn),
)
