import { labelTexts } from '../../mesh/labels.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { nearestNames } from '../../mesh/names.ts'
import type { KubernetesObject, Labels, Pod } from '../../mesh/objects.ts'
import { selects } from '../../mesh/objects.ts'

type Selecting = KubernetesObject<{ selector?: { matchLabels?: Labels } }>

const labelsOf = ({ spec }: Selecting): Labels => spec?.selector?.matchLabels ?? {}

/** True when each label of a selector is on a pod, its name or its value spelt otherwise. */
function isNear(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => {
    const found = labels[key]
    return found === undefined
      ? nearestNames(key, Object.keys(labels)).some((near) => labels[near] === value)
      : nearestNames(value, [found]).length > 0
  })
}

/** Objects of a pod's namespace that act on nothing, as their selector matches no pod there. */
export function selectingNothing<T extends Selecting>(objects: readonly T[], pod: Pod, evidence: Evidence): T[] {
  const { namespace } = pod.metadata
  const pods = evidence.objects('pods').filter((one) => one.metadata.namespace === namespace)
  return objects.filter((one) => {
    const selector = labelsOf(one)
    return (
      one.metadata.namespace === namespace &&
      Object.keys(selector).length > 0 &&
      !pods.some(({ metadata }) => selects(selector, metadata.labels))
    )
  })
}

/** Those of them that a slip in the selector keeps from this pod: a label's name or value is spelt otherwise. */
export const nearlySelecting = <T extends Selecting>(objects: readonly T[], pod: Pod, evidence: Evidence): T[] =>
  selectingNothing(objects, pod, evidence).filter((one) => isNear(labelsOf(one), pod.metadata.labels ?? {}))

/** `app=orderss`: a selector's labels. */
export const selectorOf = (object: Selecting): string => labelTexts(labelsOf(object)).join(', ')
