import type { KubernetesObject } from '../../mesh/objects.ts'
import { refOf } from '../../mesh/objects.ts'
import { apiVersionOf } from '../manifest.ts'
import type { DeleteWrite } from '../proposal.ts'
import { versionOf } from '../proposal.ts'

/** Deletes an object as it was read. @throws TypeError when the object has no version, or its kind is not known */
export const deletionOf = (object: KubernetesObject): DeleteWrite => ({
  verb: 'delete',
  ref: refOf(object),
  apiVersion: apiVersionOf(object.kind),
  was: versionOf(object),
})
